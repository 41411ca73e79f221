import { WebSocketGateway } from '@nestjs/websockets';
import type { Connection } from './connection.js';
import { GATEWAY_PATH } from './endpoints.js';
import { OnBytes } from './on-frame.decorator.js';

/**
 * `/ws/conformance`: every message comes back as it was sent, text as text and binary as binary, so that a suite
 * like Autobahn|Testsuite can be pointed at the stack that all sockets are on. For development: see
 * {@link Settings.conformanceEndpoint}.
 */
@WebSocketGateway({ path: GATEWAY_PATH.conformance })
export class ConformanceGateway {
  @OnBytes()
  echo(connection: Connection, bytes: Buffer, isBinary: boolean): Promise<void> {
    return connection.sendBytes(bytes, isBinary);
  }
}
