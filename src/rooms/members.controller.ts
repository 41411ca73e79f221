import { Controller, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { CurrentUser } from '../identity/decorators.js';
import { ApiRoomId, ApiUserId } from '../protocol/api-ids.js';
import { ApiProblems } from '../protocol/api-problems.js';
import { IdPipe } from '../protocol/id.pipe.js';
import { MembershipsService } from './memberships.service.js';
import { MemberDto } from './rooms.dto.js';

@ApiTags('rooms')
@Controller('api/rooms/:room_id')
@ApiRoomId()
export class MembersController {
  constructor(private readonly memberships: MembershipsService) {}

  @Get('members')
  @ApiOperation({ operationId: 'listMembers', summary: 'List the members', description: 'For members.' })
  @ApiOkResponse({ type: [MemberDto], description: 'The members, in the order in which they joined.' })
  @ApiProblems('not_authenticated', 'not_a_member', 'room_not_found', 'invalid_input')
  list(
    @CurrentUser() user: AuthenticatedUser,
    @Param('room_id', IdPipe) roomId: number,
  ): Promise<MemberDto[]> {
    return this.memberships.list(user, roomId);
  }

  @Put('members/:user_id')
  @ApiUserId()
  @ApiOperation({ operationId: 'addMember', summary: 'Add a member', description: 'For the owner.' })
  @ApiOkResponse({ type: MemberDto, description: 'The member, new or not.' })
  @ApiProblems(
    'not_authenticated',
    'forbidden',
    'banned',
    'room_not_found',
    'user_not_found',
    'invalid_input',
  )
  add(
    @CurrentUser() owner: AuthenticatedUser,
    @Param('room_id', IdPipe) roomId: number,
    @Param('user_id', IdPipe) userId: number,
  ): Promise<MemberDto> {
    return this.memberships.add(owner, roomId, userId);
  }

  @Delete('members/:user_id')
  @ApiUserId()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'kickMember',
    summary: 'Send a member away',
    description: 'For the owner. They may come back.',
  })
  @ApiNoContentResponse({ description: 'Done.' })
  @ApiProblems(
    'not_in_room',
    'not_authenticated',
    'forbidden',
    'room_not_found',
    'user_not_found',
    'invalid_input',
  )
  kick(
    @CurrentUser() owner: AuthenticatedUser,
    @Param('room_id', IdPipe) roomId: number,
    @Param('user_id', IdPipe) userId: number,
  ): Promise<void> {
    return this.memberships.kick(owner, roomId, userId);
  }

  @Put('bans/:user_id')
  @ApiUserId()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'banUser',
    summary: 'Ban a user',
    description: 'For the owner. Ends a membership too.',
  })
  @ApiNoContentResponse({ description: 'Done.' })
  @ApiProblems('not_authenticated', 'forbidden', 'room_not_found', 'user_not_found', 'invalid_input')
  ban(
    @CurrentUser() owner: AuthenticatedUser,
    @Param('room_id', IdPipe) roomId: number,
    @Param('user_id', IdPipe) userId: number,
  ): Promise<void> {
    return this.memberships.ban(owner, roomId, userId);
  }

  @Delete('bans/:user_id')
  @ApiUserId()
  @HttpCode(204)
  @ApiOperation({ operationId: 'unbanUser', summary: 'Lift a ban', description: 'For the owner.' })
  @ApiNoContentResponse({ description: 'Done.' })
  @ApiProblems('not_authenticated', 'forbidden', 'room_not_found', 'invalid_input')
  unban(
    @CurrentUser() owner: AuthenticatedUser,
    @Param('room_id', IdPipe) roomId: number,
    @Param('user_id', IdPipe) userId: number,
  ): Promise<void> {
    return this.memberships.unban(owner, roomId, userId);
  }
}
