import { AppError } from '../errors/app-error.js';

/** What an access token says, once its signature is proved. */
export interface AccessClaims {
  readonly userId: number;
  readonly sessionId: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** @throws AppError `not_authenticated` for a payload that is none of ours, even if its signature is right */
export function claimsOf(payload: unknown): AccessClaims {
  if (typeof payload !== 'object' || payload === null) throw new AppError('not_authenticated');
  const { sub, sid, exp }: { sub?: unknown; sid?: unknown; exp?: unknown } = payload;
  if (typeof sub !== 'string' || !/^[1-9]\d{0,14}$/.test(sub)) throw new AppError('not_authenticated');
  if (typeof sid !== 'string' || typeof exp !== 'number' || !Number.isSafeInteger(exp)) {
    throw new AppError('not_authenticated');
  }
  return { userId: Number(sub), sessionId: sid, expiresAt: exp * 1000 };
}
