import type { IncomingMessage } from 'node:http';
import { AppError } from '../errors/app-error.js';
import { HEADERS_MAX } from '../protocol/limits.js';

/**
 * What Node's parser lets pass: it drops the headers that it finds too many, and the second `Host` (RFC 9112,
 * 3.2: two of them are an error, because two servers may choose differently).
 *
 * @throws AppError `headers_too_large` | `bad_request`
 */
export function checkHeaders({ rawHeaders }: IncomingMessage): void {
  if (rawHeaders.length > HEADERS_MAX * 2) throw new AppError('headers_too_large');
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  if (hosts > 1) throw new AppError('bad_request');
}
