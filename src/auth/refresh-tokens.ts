import { Injectable } from '@nestjs/common';
import { createHash, createHmac, randomBytes, timingSafeEqual, type KeyObject } from 'node:crypto';
import { SigningKeys } from './signing-keys.js';

/** 256 random bits: nobody guesses a refresh token. */
const RANDOM_BYTES = 32;

/**
 * Makes and recognises refresh tokens: the session's id, random bits, and a proof that both are ours. The
 * proof tells a token that was used before from one that never was, without keeping all those used.
 */
@Injectable()
export class RefreshTokens {
  constructor(private readonly keys: SigningKeys) {}

  make(sessionId: string): string {
    const body = `${sessionId}.${randomBytes(RANDOM_BYTES).toString('base64url')}`;
    return `${body}.${proofOf(body, this.keys.newest.key)}`;
  }

  /** The session that a token was made for, with whichever of the keys; or nothing when we did not make it. */
  sessionOf(token: string): string | undefined {
    const end = token.lastIndexOf('.');
    const body = token.slice(0, Math.max(end, 0));
    const given = Buffer.from(token.slice(end + 1));
    const isProof = (proof: Buffer) => given.length === proof.length && timingSafeEqual(given, proof);
    const isOurs = this.keys.all.some(({ key }) => isProof(Buffer.from(proofOf(body, key))));
    return isOurs ? body.split('.')[0] : undefined;
  }

  /** SHA-256 is enough for what has 256 random bits; a slow hash guards what people choose. */
  digest(token: string): string {
    return createHash('sha256').update(token).digest('hex');
  }
}

function proofOf(body: string, key: KeyObject): string {
  return createHmac('sha256', key).update(`refresh:${body}`).digest('base64url');
}
