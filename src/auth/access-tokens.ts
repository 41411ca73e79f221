import { Injectable } from '@nestjs/common';
import { JwtService, type JwtVerifyOptions } from '@nestjs/jwt';
import { randomUUID } from 'node:crypto';
import { Settings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { ProvedTokens } from './proved-tokens.js';

export const ISSUER = 'parlor';
export const AUDIENCE = 'parlor';
/** Seconds that the clocks of two machines may differ. */
const LEEWAY = 0;

/** What an access token says, once its signature is proved. */
export interface AccessClaims {
  readonly userId: number;
  readonly sessionId: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * Makes and reads access tokens: JWTs with pinned algorithm, issuer and audience (RFC 8725, 3.1, 3.8, 3.9).
 * A token without an end, or with claims of another kind, is none.
 */
@Injectable()
export class AccessTokens {
  constructor(
    private readonly jwt: JwtService,
    private readonly settings: Settings,
    private readonly proved: ProvedTokens,
  ) {}

  /** Seconds that a new token lasts. Whole, because `exp` and `expires_in` are. */
  get lifetime(): number {
    return Math.max(1, Math.round(this.settings.accessTokenSeconds));
  }

  issue(userId: number, sessionId: string): Promise<string> {
    return this.jwt.signAsync(
      { sid: sessionId, jti: randomUUID() },
      {
        subject: String(userId),
        issuer: ISSUER,
        audience: AUDIENCE,
        algorithm: this.settings.algorithm,
        expiresIn: this.lifetime,
      },
    );
  }

  /** @throws AppError `not_authenticated` | `token_expired` */
  async read(token: string): Promise<AccessClaims> {
    const known = this.proved.claimsOf(token);
    if (known) return known;
    let payload: unknown;
    try {
      payload = await this.jwt.verifyAsync<Record<string, unknown>>(token, this.verification);
    } catch (error) {
      throw unreadable(error);
    }
    const claims = claimsOf(payload);
    this.proved.remember(token, claims);
    return claims;
  }

  get verification(): JwtVerifyOptions {
    return {
      algorithms: [this.settings.algorithm],
      issuer: ISSUER,
      audience: AUDIENCE,
      clockTolerance: LEEWAY,
    };
  }
}

/** Turns what the JWT library reports into an answer. */
export function unreadable(error: unknown): AppError {
  const expired = error instanceof Error && error.name === 'TokenExpiredError';
  return new AppError(expired ? 'token_expired' : 'not_authenticated');
}

/** @throws AppError `not_authenticated` for a payload that is none of ours, even if its signature is right */
export function claimsOf(payload: unknown): AccessClaims {
  if (typeof payload !== 'object' || payload === null) throw new AppError('not_authenticated');
  const { sub, sid, exp }: { sub?: unknown; sid?: unknown; exp?: unknown } = payload;
  if (typeof sub !== 'string' || !/^[1-9]\d{0,14}$/.test(sub)) throw new AppError('not_authenticated');
  if (typeof sid !== 'string' || typeof exp !== 'number') throw new AppError('not_authenticated');
  return { userId: Number(sub), sessionId: sid, expiresAt: exp * 1000 };
}
