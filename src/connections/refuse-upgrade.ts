import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AppError } from '../errors/app-error.js';
import { problemOf, PROBLEM_TYPE, problemHeaders } from '../protocol/problem.js';

/**
 * Answers an upgrade request, or what never became a request, with an HTTP status and a problem document
 * (RFC 9457), and hangs up.
 */
export function refuseUpgrade(socket: Duplex, error: AppError, requestId: string): void {
  if (!socket.writable) return void socket.destroy();
  const body = JSON.stringify(problemOf(error));
  const headers = {
    Connection: 'close',
    'Content-Type': PROBLEM_TYPE,
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
    'Content-Length': Buffer.byteLength(body),
    'X-Request-Id': requestId,
    ...problemHeaders(error),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}\r\n${lines.join('')}\r\n${body}`);
}
