import { Body, Controller, Get, Param, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { ServerResponse } from 'node:http';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { CurrentUser } from '../identity/decorators.js';
import { ApiRoomId } from '../protocol/api-ids.js';
import { ApiProblems } from '../protocol/api-problems.js';
import { IdPipe } from '../protocol/id.pipe.js';
import { asDto } from './message-view.js';
import { MessageDto, MessagesQuery, SendMessageDto } from './messages.dto.js';
import { MessagesService } from './messages.service.js';
import { linksOf } from './page-links.js';

@ApiTags('messages')
@Controller('api/rooms/:room_id/messages')
@ApiRoomId()
export class MessagesController {
  constructor(private readonly messages: MessagesService) {}

  @Post()
  @ApiOperation({
    operationId: 'sendMessage',
    summary: 'Send a message',
    description: 'The answer comes when the message is stored; everyone in the room gets it then.',
  })
  @ApiCreatedResponse({ type: MessageDto, description: 'The message, stored.' })
  @ApiOkResponse({ type: MessageDto, description: 'A retry: this is the original message.' })
  @ApiProblems(
    'not_authenticated',
    'not_a_member',
    'room_not_found',
    'content_too_long',
    'body_too_large',
    'invalid_input',
    'reply_not_found',
    'unreadable_json',
    'rate_limited',
    'storage_unavailable',
  )
  async send(
    @CurrentUser() user: AuthenticatedUser,
    @Param('room_id', IdPipe) roomId: number,
    @Body() draft: SendMessageDto,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<MessageDto> {
    const { message, isDuplicate } = await this.messages.send(user, { ...draft, room_id: roomId });
    response.statusCode = isDuplicate ? 200 : 201;
    return asDto({ message, username: user.username }, user.id);
  }

  @Get()
  @ApiOperation({
    operationId: 'listMessages',
    summary: 'Read the log of a room',
    description:
      'Oldest first; the newest page unless a place is given. `before`, `after`, `around` and `skip` exclude each other.',
  })
  @ApiOkResponse({
    type: [MessageDto],
    description: 'One page of messages.',
    headers: {
      Link: {
        description:
          'RFC 8288: `prev` leads to older messages, `next` to newer ones, each while there are any.',
        schema: { type: 'string' },
      },
    },
  })
  @ApiProblems('not_authenticated', 'not_a_member', 'room_not_found', 'invalid_input')
  async list(
    @CurrentUser() user: AuthenticatedUser,
    @Param('room_id', IdPipe) roomId: number,
    @Query() query: MessagesQuery,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<MessageDto[]> {
    const page = await this.messages.page(user, roomId, query);
    const links = linksOf(`/api/rooms/${roomId}/messages`, page, query.limit);
    if (links !== '') response.setHeader('Link', links);
    return page.messages.map((signed) => asDto(signed, user.id));
  }
}
