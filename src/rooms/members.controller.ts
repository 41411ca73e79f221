import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query, Res } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { ServerResponse } from 'node:http';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { CurrentUser } from '../identity/decorators.js';
import { ApiRoomId, ApiUserId } from '../protocol/api-ids.js';
import { ApiProblems } from '../protocol/api-problems.js';
import { IdPipe } from '../protocol/id.pipe.js';
import { MembershipsService } from './memberships.service.js';
import { ModerationService } from './moderation.service.js';
import { linkNext, NEXT_LINK } from './next-link.js';
import { RoomRolesService } from './room-roles.service.js';
import { ChangeRoleDto, MemberDto, MembersQuery } from './rooms.dto.js';

@ApiTags('rooms')
@Controller('api/rooms/:room_id/members')
@ApiRoomId()
export class MembersController {
  constructor(
    private readonly memberships: MembershipsService,
    private readonly moderation: ModerationService,
    private readonly roles: RoomRolesService,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'listMembers', summary: 'List the members', description: 'For members.' })
  @ApiOkResponse({
    type: [MemberDto],
    description: 'One page of the members, in the order in which they joined.',
    headers: NEXT_LINK,
  })
  @ApiProblems('not_authenticated', 'not_a_member', 'room_not_found', 'invalid_input')
  async list(
    @CurrentUser() user: AuthenticatedUser,
    @Param('room_id', IdPipe) roomId: number,
    @Query() query: MembersQuery,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<readonly MemberDto[]> {
    const { members, next } = await this.memberships.list(user, roomId, query);
    linkNext(response, `/api/rooms/${roomId}/members`, next, query.limit);
    return members;
  }

  @Put(':user_id')
  @ApiUserId()
  @ApiOperation({
    operationId: 'addMember',
    summary: 'Add a member',
    description: 'For the owner and admins.',
  })
  @ApiOkResponse({ type: MemberDto, description: 'The member, new or not.' })
  @ApiProblems(
    'not_authenticated',
    'forbidden',
    'banned',
    'too_many_memberships',
    'room_not_found',
    'user_not_found',
    'invalid_input',
  )
  add(
    @CurrentUser() user: AuthenticatedUser,
    @Param('room_id', IdPipe) roomId: number,
    @Param('user_id', IdPipe) userId: number,
  ): Promise<MemberDto> {
    return this.memberships.add(user, roomId, userId);
  }

  @Delete(':user_id')
  @ApiUserId()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'kickMember',
    summary: 'Send a member away',
    description: 'For the owner and admins. They may come back.',
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
    @CurrentUser() user: AuthenticatedUser,
    @Param('room_id', IdPipe) roomId: number,
    @Param('user_id', IdPipe) userId: number,
  ): Promise<void> {
    return this.moderation.kick(user, roomId, userId);
  }

  @Put(':user_id/role')
  @ApiUserId()
  @ApiOperation({
    operationId: 'changeRole',
    summary: 'Make a member an admin, or an admin a member',
    description: 'For the owner.',
  })
  @ApiOkResponse({ type: MemberDto, description: 'The member, changed or not.' })
  @ApiProblems(
    'not_in_room',
    'not_authenticated',
    'forbidden',
    'room_not_found',
    'user_not_found',
    'invalid_input',
    'unreadable_json',
    'body_too_large',
  )
  changeRole(
    @CurrentUser() user: AuthenticatedUser,
    @Param('room_id', IdPipe) roomId: number,
    @Param('user_id', IdPipe) userId: number,
    @Body() { role }: ChangeRoleDto,
  ): Promise<MemberDto> {
    return this.roles.change(user, roomId, userId, role);
  }
}
