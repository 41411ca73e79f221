import { Body, Controller, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { CurrentUser } from '../identity/decorators.js';
import { ApiRoomId } from '../protocol/api-ids.js';
import { ApiProblems } from '../protocol/api-problems.js';
import { IdPipe } from '../protocol/id.pipe.js';
import { MembershipsService } from './memberships.service.js';
import { RoomRolesService } from './room-roles.service.js';
import { CreateRoomDto, DoneDto, RoomDto, RoomsQuery, TransferOwnershipDto } from './rooms.dto.js';
import { RoomsService } from './rooms.service.js';

@ApiTags('rooms')
@Controller('api/rooms')
export class RoomsController {
  constructor(
    private readonly rooms: RoomsService,
    private readonly memberships: MembershipsService,
    private readonly roles: RoomRolesService,
  ) {}

  @Post()
  @ApiOperation({ operationId: 'createRoom', summary: 'Make a room', description: 'You become its owner.' })
  @ApiCreatedResponse({ type: RoomDto, description: 'The new room.' })
  @ApiProblems(
    'not_authenticated',
    'too_many_rooms_owned',
    'too_many_memberships',
    'room_name_taken',
    'invalid_input',
    'unreadable_json',
    'body_too_large',
  )
  create(@CurrentUser() user: AuthenticatedUser, @Body() draft: CreateRoomDto): Promise<RoomDto> {
    return this.rooms.create(user, draft);
  }

  @Get()
  @ApiOperation({
    operationId: 'listRooms',
    summary: 'List public rooms and your own',
    description: 'Oldest first.',
  })
  @ApiOkResponse({ type: [RoomDto], description: 'One page of rooms.' })
  @ApiProblems('not_authenticated', 'invalid_input')
  list(@CurrentUser() user: AuthenticatedUser, @Query() query: RoomsQuery): Promise<RoomDto[]> {
    return this.rooms.list(user, query);
  }

  @Get(':room_id')
  @ApiRoomId()
  @ApiOperation({ operationId: 'getRoom', summary: 'See a room' })
  @ApiOkResponse({ type: RoomDto, description: 'The room.' })
  @ApiProblems('not_authenticated', 'room_not_found', 'invalid_input')
  get(@CurrentUser() user: AuthenticatedUser, @Param('room_id', IdPipe) roomId: number): Promise<RoomDto> {
    return this.rooms.get(user, roomId);
  }

  @Post(':room_id/join')
  @ApiRoomId()
  @HttpCode(200)
  @ApiOperation({
    operationId: 'joinRoom',
    summary: 'Become a member',
    description: 'Harmless when you are one.',
  })
  @ApiOkResponse({ type: DoneDto, description: 'Done, in a sentence.' })
  @ApiProblems(
    'not_authenticated',
    'room_is_private',
    'banned',
    'too_many_memberships',
    'room_not_found',
    'invalid_input',
  )
  async join(
    @CurrentUser() user: AuthenticatedUser,
    @Param('room_id', IdPipe) roomId: number,
  ): Promise<DoneDto> {
    const room = await this.memberships.join(user, roomId);
    return { message: `You have joined ${room.name}.` };
  }

  @Post(':room_id/leave')
  @ApiRoomId()
  @HttpCode(200)
  @ApiOperation({
    operationId: 'leaveRoom',
    summary: 'End your membership',
    description: 'All your sockets stop listening to the room; those bound to it are closed with 4403.',
  })
  @ApiOkResponse({ type: DoneDto, description: 'Done, in a sentence.' })
  @ApiProblems('not_in_room', 'not_authenticated', 'room_not_found', 'invalid_input')
  async leave(
    @CurrentUser() user: AuthenticatedUser,
    @Param('room_id', IdPipe) roomId: number,
  ): Promise<DoneDto> {
    const room = await this.memberships.leave(user, roomId);
    return { message: `You have left ${room.name}.` };
  }

  @Put(':room_id/owner')
  @ApiRoomId()
  @ApiOperation({
    operationId: 'transferOwnership',
    summary: 'Hand a room over to another member',
    description: 'For the owner, who becomes an admin if they are a member.',
  })
  @ApiOkResponse({ type: RoomDto, description: 'The room, as you see it now.' })
  @ApiProblems(
    'not_in_room',
    'not_authenticated',
    'forbidden',
    'too_many_rooms_owned',
    'room_not_found',
    'user_not_found',
    'invalid_input',
    'unreadable_json',
    'body_too_large',
  )
  transfer(
    @CurrentUser() user: AuthenticatedUser,
    @Param('room_id', IdPipe) roomId: number,
    @Body() { user_id }: TransferOwnershipDto,
  ): Promise<RoomDto> {
    return this.roles.transfer(user, roomId, user_id);
  }
}
