import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { AppError } from '../errors/app-error.js';

/** The body of a request, which may have none: then it is as if it were `{}`. One that was not understood is refused. */
export const OptionalBody = createParamDecorator((_: unknown, context: ExecutionContext): unknown => {
  const request = context.switchToHttp().getRequest<IncomingMessage & { body?: unknown }>();
  if (request.body !== undefined) return request.body;
  if (hasContent(request)) throw new AppError('unsupported_media_type');
  return {};
});

/** Whether a request has content (RFC 9112, 6.3). */
function hasContent({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
