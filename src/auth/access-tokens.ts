import { Injectable } from '@nestjs/common';
import { JwtService, type JwtVerifyOptions } from '@nestjs/jwt';
import { randomUUID } from 'node:crypto';
import { Settings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { claimsOf, type AccessClaims } from './access-claims.js';
import { ProvedTokens } from './proved-tokens.js';
import { SigningKeys } from './signing-keys.js';

export const ISSUER = 'parlor';
export const AUDIENCE = 'parlor';
/** Seconds that the clocks of two machines may differ. */
const LEEWAY = 0;

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
    private readonly keys: SigningKeys,
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
        keyid: this.keys.newest.kid,
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
