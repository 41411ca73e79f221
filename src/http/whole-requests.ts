import type { IncomingMessage, RequestListener } from 'node:http';

/** Bytes. A body that is said to be longer is not waited for: most likely it is refused for its length alone. */
const WAITED_FOR_MAX = 64 * 1024;

/**
 * Hands a request on when its body is here, or as much of it as Node keeps for a reader. Two thousand clients that
 * send a byte now and then, and in the end nothing, so cost the parser something, and the application nothing. Those
 * who take too long are answered by Node (`server.requestTimeout`).
 */
export function whenWhole(listener: RequestListener): RequestListener {
  return (request, response) => {
    if (!isWorthWaitingFor(request)) return void listener(request, response);
    const look = (): void => {
      if (!request.complete && request.readableLength < request.readableHighWaterMark) return;
      request.off('readable', look);
      listener(request, response);
    };
    request.on('readable', look);
  };
}

/** Whether there is a body (RFC 9112, 6.3), and none that is too long. */
function isWorthWaitingFor({ headers }: IncomingMessage): boolean {
  if (headers['transfer-encoding'] !== undefined) return true;
  const length = Number(headers['content-length'] ?? 0);
  return length > 0 && length <= WAITED_FOR_MAX;
}
