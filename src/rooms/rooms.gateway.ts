import { WebSocketGateway } from '@nestjs/websockets';
import type { UserConnection } from '../connections/connection.js';
import { GATEWAY_PATH } from '../connections/endpoints.js';
import { OnFrame } from '../connections/on-frame.decorator.js';
import type { JoinRoomFrame, LeaveRoomFrame, TypingFrame } from '../protocol/client-frames.js';
import type { AckFacts } from '../protocol/server-frames.js';
import { RoomSocketsService } from './room-sockets.service.js';

@WebSocketGateway({ path: GATEWAY_PATH.auth })
export class RoomsGateway {
  constructor(private readonly rooms: RoomSocketsService) {}

  @OnFrame('join_room')
  async joinRoom(connection: UserConnection, frame: JoinRoomFrame): Promise<AckFacts> {
    const { room_id, after_seq, epoch } = frame;
    const cursor = after_seq == null ? undefined : { after: after_seq, epoch: epoch ?? undefined };
    await this.rooms.join(connection, room_id, cursor);
    return { room_id };
  }

  @OnFrame('leave_room')
  async leaveRoom(connection: UserConnection, { room_id }: LeaveRoomFrame): Promise<AckFacts> {
    await this.rooms.leave(connection, room_id);
    return { room_id };
  }

  @OnFrame('typing')
  async typing(connection: UserConnection, { room_id }: TypingFrame): Promise<AckFacts> {
    await this.rooms.typing(connection, room_id);
    return { room_id };
  }
}
