import { Injectable } from '@nestjs/common';
import type { AccessClaims } from './access-claims.js';

/** Tokens that are remembered; each takes about half a kilobyte. */
const MAX_REMEMBERED = 5_000;

/**
 * Access tokens whose signature and claims were proved, until they expire. A proof does not change, and costs
 * more than the rest of a request; whether the session goes on does, and is looked up for every request all
 * the same. Beyond the bound those not seen for the longest time are forgotten.
 */
@Injectable()
export class ProvedTokens {
  /** In the order in which they were seen last. */
  private readonly proved = new Map<string, AccessClaims>();

  remember(token: string, claims: AccessClaims): void {
    this.proved.set(token, claims);
    if (this.proved.size <= MAX_REMEMBERED) return;
    const [oldest] = this.proved.keys();
    if (oldest !== undefined) this.proved.delete(oldest);
  }

  /** Nothing for a token that was not proved yet, or has expired: it is to be proved the long way. */
  claimsOf(token: string): AccessClaims | undefined {
    const claims = this.proved.get(token);
    if (!claims) return undefined;
    this.proved.delete(token);
    if (claims.expiresAt <= Date.now()) return undefined;
    this.proved.set(token, claims);
    return claims;
  }
}
