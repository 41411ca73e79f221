import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Settings } from '../config/settings.js';
import { refuseUpgrade } from '../connections/refuse-upgrade.js';
import { AppError } from '../errors/app-error.js';
import type { ErrorCode } from '../errors/catalogue.js';

/** How Node names what it finds in the bytes of a request, where it is more than a malformed one. */
const CODE_OF: Readonly<Record<string, ErrorCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
};

/**
 * Gives every TCP connection a time to say what it wants, and their number a bound. Node's own times are up
 * to five minutes, and it has none for an answer that is not read.
 */
export function setDeadlines(server: Server, { timeouts, limits }: Settings): void {
  const log = new Logger('Http');
  server.headersTimeout = timeouts.request;
  server.requestTimeout = timeouts.request;
  server.keepAliveTimeout = timeouts.keepAlive;
  server.timeout = timeouts.response;
  // Bounded in bytes by the parser; counted by us, because Node would drop the rest without a word.
  server.maxHeadersCount = 0;
  server.maxConnections = limits.connections + limits.httpConnections;
  server.on('drop', () => log.debug('Dropped a connection: too many are open'));
  server.on('clientError', answerClientError);
}

/** What never became a request has no response to answer with. */
function answerClientError(error: Error, socket: Duplex): void {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (hasAnswered(socket) || code === 'ECONNRESET') return void socket.destroy();
  refuseUpgrade(socket, new AppError(CODE_OF[code] ?? 'bad_request'), randomUUID());
}

/** Whether an answer to an earlier request is on its way: another one in the midst of it would be nonsense. */
function hasAnswered(socket: Duplex): boolean {
  const response: unknown = '_httpMessage' in socket ? socket._httpMessage : null;
  return (
    typeof response === 'object' &&
    response !== null &&
    'headersSent' in response &&
    response.headersSent === true
  );
}
