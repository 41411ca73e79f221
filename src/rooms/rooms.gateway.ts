import { WebSocketGateway } from '@nestjs/websockets';
import type { UserConnection } from '../connections/connection.js';
import { GATEWAY_PATH } from '../connections/endpoints.js';
import { OnFrame } from '../connections/on-frame.decorator.js';
import { roomTopic } from '../connections/topics.js';
import { AppError } from '../errors/app-error.js';
import type { JoinRoomFrame, LeaveRoomFrame, TypingFrame } from '../protocol/client-frames.js';
import type { AckFacts } from '../protocol/server-frames.js';
import { MembershipsService } from './memberships.service.js';
import { RoomAccess } from './room-access.js';
import { RoomDoor } from './room-door.js';
import { RoomEvents } from './room-events.js';

@WebSocketGateway({ path: GATEWAY_PATH.auth })
export class RoomsGateway {
  constructor(
    private readonly door: RoomDoor,
    private readonly memberships: MembershipsService,
    private readonly access: RoomAccess,
    private readonly events: RoomEvents,
  ) {}

  @OnFrame('join_room')
  async joinRoom(connection: UserConnection, { room_id, after_seq }: JoinRoomFrame): Promise<AckFacts> {
    refuseOnRoomSocket(connection);
    await this.door.join(connection, room_id, after_seq ?? undefined);
    return { room_id };
  }

  @OnFrame('leave_room')
  async leaveRoom(connection: UserConnection, { room_id }: LeaveRoomFrame): Promise<AckFacts> {
    refuseOnRoomSocket(connection);
    const isListening = connection.topics.has(roomTopic(room_id));
    await this.memberships.leave(connection.user, room_id);
    // A socket that listened has been told with all the others of its user.
    if (!isListening) connection.send({ type: 'room_left', room_id, reason: 'left' });
    return { room_id };
  }

  @OnFrame('typing')
  async typing(connection: UserConnection, { room_id }: TypingFrame): Promise<AckFacts> {
    // Whoever listens is a member: the end of a membership ends the subscription in the same turn.
    if (!connection.topics.has(roomTopic(room_id))) await this.access.asMember(connection.user.id, room_id);
    this.events.typing(connection.user, room_id);
    return { room_id };
  }
}

function refuseOnRoomSocket(connection: UserConnection): void {
  if (connection.boundRoom !== undefined) throw new AppError('not_on_this_socket');
}
