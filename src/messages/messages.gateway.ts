import { WebSocketGateway } from '@nestjs/websockets';
import type { UserConnection } from '../connections/connection.js';
import { GATEWAY_PATH } from '../connections/endpoints.js';
import { OnFrame } from '../connections/on-frame.decorator.js';
import type { MessageFrame } from '../protocol/client-frames.js';
import type { AckFacts } from '../protocol/server-frames.js';
import { MessagesService } from './messages.service.js';

@WebSocketGateway({ path: GATEWAY_PATH.auth })
export class MessagesGateway {
  constructor(private readonly messages: MessagesService) {}

  @OnFrame('message')
  async message(connection: UserConnection, frame: MessageFrame): Promise<AckFacts> {
    const { message, isDuplicate } = await this.messages.send(connection.user, frame);
    const { id, seq, roomId } = message;
    return { id, seq, room_id: roomId, ...(isDuplicate ? { duplicate: true } : {}) };
  }
}
