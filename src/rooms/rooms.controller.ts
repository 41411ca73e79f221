import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { CurrentUser } from '../identity/decorators.js';
import { ApiRoomId } from '../protocol/api-ids.js';
import { ApiProblems } from '../protocol/api-problems.js';
import { IdPipe } from '../protocol/id.pipe.js';
import { MembershipsService } from './memberships.service.js';
import { CreateRoomDto, DoneDto, RoomDto, RoomsQuery } from './rooms.dto.js';
import { RoomsService } from './rooms.service.js';

@ApiTags('rooms')
@Controller('api/rooms')
export class RoomsController {
  constructor(
    private readonly rooms: RoomsService,
    private readonly memberships: MembershipsService,
  ) {}

  @Post()
  @ApiOperation({ operationId: 'createRoom', summary: 'Make a room', description: 'You become its owner.' })
  @ApiCreatedResponse({ type: RoomDto, description: 'The new room.' })
  @ApiProblems('not_authenticated', 'room_name_taken', 'invalid_input', 'unreadable_json', 'body_too_large')
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
  @ApiProblems('not_authenticated', 'room_is_private', 'banned', 'room_not_found', 'invalid_input')
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
}
