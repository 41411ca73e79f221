import { Controller, Delete, Get, HttpCode, Param, Put, Query, Res } from '@nestjs/common';
import { ApiBody, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { ServerResponse } from 'node:http';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { CurrentUser } from '../identity/decorators.js';
import { ApiRoomId, ApiUserId } from '../protocol/api-ids.js';
import { ApiProblems } from '../protocol/api-problems.js';
import { IdPipe } from '../protocol/id.pipe.js';
import { OptionalBody } from '../protocol/optional-body.js';
import { MutesService } from './mutes.service.js';
import { linkNext, NEXT_LINK } from './next-link.js';
import { MuteDto, SanctionDto, SanctionsQuery } from './sanctions.dto.js';

@ApiTags('rooms')
@Controller('api/rooms/:room_id/mutes')
@ApiRoomId()
export class MutesController {
  constructor(private readonly mutes: MutesService) {}

  @Get()
  @ApiOperation({
    operationId: 'listMutes',
    summary: 'List the mutes in force',
    description: 'For the owner and admins.',
  })
  @ApiOkResponse({ type: [MuteDto], description: 'One page of mutes, by user id.', headers: NEXT_LINK })
  @ApiProblems('not_authenticated', 'forbidden', 'room_not_found', 'invalid_input')
  async list(
    @CurrentUser() user: AuthenticatedUser,
    @Param('room_id', IdPipe) roomId: number,
    @Query() query: SanctionsQuery,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<readonly MuteDto[]> {
    const { sanctions, next } = await this.mutes.list(user, roomId, query);
    linkNext(response, `/api/rooms/${roomId}/mutes`, next, query.limit);
    return sanctions;
  }

  @Put(':user_id')
  @ApiUserId()
  @ApiOperation({
    operationId: 'muteUser',
    summary: 'Mute a user',
    description:
      'For the owner and admins. They may read, but neither send nor type, also after coming back.',
  })
  @ApiBody({ type: SanctionDto, required: false })
  @ApiOkResponse({ type: MuteDto, description: 'The mute, in the place of an earlier one.' })
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
  mute(
    @CurrentUser() user: AuthenticatedUser,
    @Param('room_id', IdPipe) roomId: number,
    @Param('user_id', IdPipe) userId: number,
    @OptionalBody() sanction: SanctionDto,
  ): Promise<MuteDto> {
    return this.mutes.mute(user, roomId, userId, sanction);
  }

  @Delete(':user_id')
  @ApiUserId()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'unmuteUser',
    summary: 'Lift a mute',
    description: 'For the owner and admins.',
  })
  @ApiNoContentResponse({ description: 'Done.' })
  @ApiProblems('not_authenticated', 'forbidden', 'room_not_found', 'invalid_input')
  unmute(
    @CurrentUser() user: AuthenticatedUser,
    @Param('room_id', IdPipe) roomId: number,
    @Param('user_id', IdPipe) userId: number,
  ): Promise<void> {
    return this.mutes.unmute(user, roomId, userId);
  }
}
