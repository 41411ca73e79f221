import type { IncomingMessage, ServerResponse } from 'node:http';

/** Headers of every answer: no guessing of types, and no copy of what only its caller may see. */
export function hardenHeaders(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
  if (request.url?.startsWith('/api/')) response.setHeader('Cache-Control', 'no-store');
  next();
}
