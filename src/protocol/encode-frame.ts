import { AppError } from '../errors/app-error.js';
import { CATALOGUE } from '../errors/catalogue.js';
import type { ErrorFrame, PongFrame, ServerFrame } from './server-frames.js';

/** A frame as the bytes that travel: encoded once, handed to every subscriber. */
export type EncodedFrame = Buffer;

export function encodeFrame(frame: ServerFrame): EncodedFrame {
  return Buffer.from(JSON.stringify(frame));
}

export function pong(): PongFrame {
  return { type: 'pong', timestamp: new Date().toISOString() };
}

/** The `error` frame for whatever a handler threw. Unknown errors say nothing of what happened inside. */
export function errorFrame(error: unknown, ref: string | undefined): ErrorFrame {
  const known = error instanceof AppError ? error : new AppError('internal');
  const { retryAfter } = known;
  const { facts } = known.details;
  return {
    type: 'error',
    content: known.message,
    code: known.code,
    ...(ref === undefined ? {} : { ref }),
    retryable: CATALOGUE[known.code].retryable,
    ...(retryAfter === undefined ? {} : { retry_after: retryAfter }),
    ...facts,
  };
}
