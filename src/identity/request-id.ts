import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What is taken over from a proxy: short, and nothing that could break a line of a log. */
const ACCEPTED = /^[\w.:-]{1,64}$/;

const given = new WeakMap<IncomingMessage, string>();

/**
 * The id of an HTTP request or a handshake, the same whenever it is asked for. It stands in the answer as
 * `X-Request-Id`, in security events, in audit entries and beside errors in the log. A proxy before the server
 * may have given one already; anybody else's is not believed.
 */
export function requestIdOf(request: IncomingMessage, trustedProxies: number): string {
  const known = given.get(request);
  if (known !== undefined) return known;
  const named = trustedProxies > 0 ? request.headers['x-request-id'] : undefined;
  const id = typeof named === 'string' && ACCEPTED.test(named) ? named : randomUUID();
  given.set(request, id);
  return id;
}
