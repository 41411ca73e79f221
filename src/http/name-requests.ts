import type { IncomingMessage, ServerResponse } from 'node:http';
import { requestIdOf } from '../identity/request-id.js';

/** Tells every caller the id of their request, so that they can name it when they ask what happened. */
export function nameRequests(trustedProxies: number) {
  return (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    response.setHeader('X-Request-Id', requestIdOf(request, trustedProxies));
    next();
  };
}
