import { WebSocketGateway } from '@nestjs/websockets';
import type { PingFrame } from '../protocol/client-frames.js';
import { pong } from '../protocol/encode-frame.js';
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
