import { WebSocketGateway } from '@nestjs/websockets';
import type { Connection } from './connection.js';
import { GATEWAY_PATH } from './endpoints.js';
import { OnText } from './on-frame.decorator.js';

/** `/ws/echo`: plain text in, plain text out. */
@WebSocketGateway({ path: GATEWAY_PATH.echo })
export class EchoGateway {
  @OnText()
  echo(connection: Connection, text: string): void {
    connection.sendText(`Echo: ${text}`);
  }
}
