import { ApiProperty } from '@nestjs/swagger';
import { STATUS_CODES } from 'node:http';
import type { AppError } from '../errors/app-error.js';
import { CATALOGUE, type ErrorCode } from '../errors/catalogue.js';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

export class FieldProblem {
  @ApiProperty({ example: 'username' })
  field: string;
  @ApiProperty({ example: 'username is missing' })
  message: string;
}

/** RFC 9457, with a code for programs and, for wrong input, the fields. */
export class Problem {
  @ApiProperty({ example: 'urn:parlor:error:room_not_found', description: 'Names the kind of the problem.' })
  type: string;
  @ApiProperty({ example: 'Not Found' })
  title: string;
  @ApiProperty({ type: 'integer', example: 404 })
  status: number;
  @ApiProperty({ example: 'There is no such room.', description: 'For people.' })
  detail: string;
  @ApiProperty({ enum: Object.keys(CATALOGUE), example: 'room_not_found', description: 'For programs.' })
  code: ErrorCode;
  @ApiProperty({ type: [FieldProblem], required: false, description: 'Each field that is wrong.' })
  errors?: FieldProblem[];
  @ApiProperty({ format: 'date-time', required: false, description: 'With `muted`: when it ends by itself.' })
  muted_until?: string;
}

export function problemOf(error: AppError): Problem {
  return {
    type: `urn:parlor:error:${error.code}`,
    title: STATUS_CODES[error.status] ?? 'Error',
    status: error.status,
    detail: error.message,
    code: error.code,
    ...(error.details.errors ? { errors: [...error.details.errors] } : {}),
    ...error.details.facts,
  };
}

/** The headers that belong to a problem: how to authenticate (RFC 6750, 3) and when to retry. */
export function problemHeaders(error: AppError): Record<string, string> {
  const headers: Record<string, string> = {};
  if (error.status === 401) headers['WWW-Authenticate'] = 'Bearer';
  if (error.code === 'upgrade_required')
    Object.assign(headers, { Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' });
  if (error.retryAfter !== undefined) headers['Retry-After'] = String(error.retryAfter);
  return headers;
}
