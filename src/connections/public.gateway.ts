import { WebSocketGateway } from '@nestjs/websockets';
import { pong } from '../protocol/encode-frame.js';
import { parseFrame } from '../protocol/frame-parser.js';
import type { Connection } from './connection.js';
import { GATEWAY_PATH } from './endpoints.js';
import { OnText } from './on-frame.decorator.js';

/** `/ws`: a socket for trying things out. A `ping` frame gets its `pong`; any other text comes back. */
@WebSocketGateway({ path: GATEWAY_PATH.public })
export class PublicGateway {
  @OnText()
  answer(connection: Connection, text: string): void {
    const parsed = parseFrame(text, undefined);
    if (!parsed.ok || parsed.type !== 'ping') {
      return connection.send({ type: 'echo', content: `Received: ${text}` });
    }
    connection.send(pong());
    if (parsed.ref !== undefined) connection.send({ type: 'ack', ref: parsed.ref });
  }
}
