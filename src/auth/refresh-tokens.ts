import { Injectable } from '@nestjs/common';
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Settings } from '../config/settings.js';

/** 256 random bits: nobody guesses a refresh token. */
const RANDOM_BYTES = 32;

/**
 * Makes and recognises refresh tokens: the session's id, random bits, and a proof that both are ours. The
 * proof tells a token that was used before from one that never was, without keeping all those used.
 */
@Injectable()
export class RefreshTokens {
  constructor(private readonly settings: Settings) {}

  make(sessionId: string): string {
    const body = `${sessionId}.${randomBytes(RANDOM_BYTES).toString('base64url')}`;
    return `${body}.${this.proofOf(body)}`;
  }

  /** The session that a token was made for, or nothing when we did not make it. */
  sessionOf(token: string): string | undefined {
    const end = token.lastIndexOf('.');
    const body = token.slice(0, Math.max(end, 0));
    const given = Buffer.from(token.slice(end + 1));
    const proof = Buffer.from(this.proofOf(body));
    if (given.length !== proof.length || !timingSafeEqual(given, proof)) return undefined;
    return body.split('.')[0];
  }

  /** SHA-256 is enough for what has 256 random bits; a slow hash guards what people choose. */
  digest(token: string): string {
    return createHash('sha256').update(token).digest('hex');
  }

  private proofOf(body: string): string {
    return createHmac('sha256', this.settings.secretKey).update(`refresh:${body}`).digest('base64url');
  }
}
