import { WebSocketGateway } from '@nestjs/websockets';
import { iso } from '../database/columns.js';
import type { PingFrame } from '../protocol/client-frames.js';
import type { PongFrame } from '../protocol/server-frames.js';
import type { UserConnection } from './connection.js';
import { GATEWAY_PATH } from './endpoints.js';
import { OnFrame } from './on-frame.decorator.js';

/** Pings that pages send, since browsers cannot send protocol pings. */
@WebSocketGateway({ path: GATEWAY_PATH.auth })
export class PingGateway {
  @OnFrame('ping')
  ping(connection: UserConnection, _frame: PingFrame): void {
    connection.send(pong());
  }
}

export function pong(): PongFrame {
  return { type: 'pong', timestamp: iso(Date.now()) };
}
