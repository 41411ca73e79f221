import type { IncomingMessage } from 'node:http';
import { AppError } from '../errors/app-error.js';
import { HEADERS_MAX } from '../protocol/limits.js';

/**
 * What Node's parser lets pass: any number of headers; a second `Host`, which it drops (RFC 9112, 3.2: two of
 * them are an error, because two servers may choose differently); and a request without a version.
 *
 * @throws AppError `headers_too_large` | `bad_request`
 */
export function checkHeaders({ rawHeaders, httpVersionMajor }: IncomingMessage): void {
  if (rawHeaders.length > HEADERS_MAX * 2) throw new AppError('headers_too_large');
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  if (hosts > 1 || httpVersionMajor < 1) throw new AppError('bad_request');
}
