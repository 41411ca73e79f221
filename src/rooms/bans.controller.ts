import { Controller, Delete, Get, HttpCode, Param, Put, Query, Res } from '@nestjs/common';
import { ApiBody, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { ServerResponse } from 'node:http';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { CurrentUser } from '../identity/decorators.js';
import { ApiRoomId, ApiUserId } from '../protocol/api-ids.js';
import { ApiProblems } from '../protocol/api-problems.js';
import { IdPipe } from '../protocol/id.pipe.js';
import { OptionalBody } from '../protocol/optional-body.js';
import { ModerationService } from './moderation.service.js';
import { linkNext, NEXT_LINK } from './next-link.js';
import { BanDto, SanctionDto, SanctionsQuery } from './sanctions.dto.js';

@ApiTags('rooms')
@Controller('api/rooms/:room_id/bans')
@ApiRoomId()
export class BansController {
  constructor(private readonly moderation: ModerationService) {}

  @Get()
  @ApiOperation({
    operationId: 'listBans',
    summary: 'List the bans in force',
    description: 'For the owner and admins.',
  })
  @ApiOkResponse({ type: [BanDto], description: 'One page of bans, by user id.', headers: NEXT_LINK })
  @ApiProblems('not_authenticated', 'forbidden', 'room_not_found', 'invalid_input')
  async list(
    @CurrentUser() user: AuthenticatedUser,
    @Param('room_id', IdPipe) roomId: number,
    @Query() query: SanctionsQuery,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<readonly BanDto[]> {
    const { sanctions, next } = await this.moderation.list(user, roomId, query);
    linkNext(response, `/api/rooms/${roomId}/bans`, next, query.limit);
    return sanctions;
  }

  @Put(':user_id')
  @ApiUserId()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'banUser',
    summary: 'Ban a user',
    description: 'For the owner and admins. Ends a membership too.',
  })
  @ApiBody({ type: SanctionDto, required: false })
  @ApiNoContentResponse({ description: 'Done.' })
  @ApiProblems(
    'not_authenticated',
    'forbidden',
    'room_not_found',
    'user_not_found',
    'invalid_input',
    'unreadable_json',
    'body_too_large',
    'unsupported_media_type',
  )
  ban(
    @CurrentUser() user: AuthenticatedUser,
    @Param('room_id', IdPipe) roomId: number,
    @Param('user_id', IdPipe) userId: number,
    @OptionalBody() sanction: SanctionDto,
  ): Promise<void> {
    return this.moderation.ban(user, roomId, userId, sanction);
  }

  @Delete(':user_id')
  @ApiUserId()
  @HttpCode(204)
  @ApiOperation({ operationId: 'unbanUser', summary: 'Lift a ban', description: 'For the owner and admins.' })
  @ApiNoContentResponse({ description: 'Done.' })
  @ApiProblems('not_authenticated', 'forbidden', 'room_not_found', 'invalid_input')
  unban(
    @CurrentUser() user: AuthenticatedUser,
    @Param('room_id', IdPipe) roomId: number,
    @Param('user_id', IdPipe) userId: number,
  ): Promise<void> {
    return this.moderation.unban(user, roomId, userId);
  }
}
