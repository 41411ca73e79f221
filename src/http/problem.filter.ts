import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../errors/app-error.js';
import type { ErrorCode } from '../errors/catalogue.js';
import { requestIdOf } from '../identity/request-id.js';
import { problemHeaders, problemOf, PROBLEM_TYPE } from '../protocol/problem.js';

/** What the framework and the body parser report by status, in our own words. */
const CODE_OF_STATUS: Record<number, ErrorCode> = {
  401: 'not_authenticated',
  403: 'forbidden',
  404: 'route_not_found',
  405: 'method_not_allowed',
  413: 'body_too_large',
  415: 'unsupported_media_type',
  422: 'invalid_input',
};

/** Answers every error of an HTTP request with a problem document (RFC 9457). */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  /**
   * @param translateFault what an error of the database means to a client
   * @param trustedProxies how many proxies may name a request
   */
  constructor(
    private readonly translateFault: (error: unknown) => unknown,
    private readonly trustedProxies: number,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<IncomingMessage>();
    const response = host.switchToHttp().getResponse<ServerResponse>();
    // Nobody is there to be answered; what the body parser says about that is no news.
    if (response.destroyed) return;
    const known = translate(this.translateFault(error), request);
    if (known.code === 'internal') {
      this.logger.error(`Request ${requestIdOf(request, this.trustedProxies)} failed.`);
      this.logger.error(error);
    }
    if (response.headersSent) return void response.end();
    const body = JSON.stringify(problemOf(known));
    response.writeHead(known.status, {
      'Content-Type': PROBLEM_TYPE,
      'Content-Length': Buffer.byteLength(body),
      ...problemHeaders(known),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }
}

function translate(error: unknown, request: IncomingMessage): AppError {
  if (error instanceof AppError) return error;
  const status = statusOf(error);
  if (status === 400 && !isUnreadablePath(error)) return new AppError('unreadable_json');
  if (status === 404 && /^\/ws(\/|\?|$)/.test(request.url ?? '')) return new AppError('upgrade_required');
  if (status === undefined || status >= 500) return new AppError('internal', {}, { cause: error });
  return new AppError(CODE_OF_STATUS[status] ?? 'bad_request');
}

/** The framework knows two kinds of 400: a body that it could not parse, and a path with a broken `%`. */
function isUnreadablePath(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Failed to decode param');
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (error instanceof Error && 'status' in error && typeof error.status === 'number') return error.status;
  return undefined;
}
