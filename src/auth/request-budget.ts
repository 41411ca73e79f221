import { Injectable } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Settings, type Rate } from '../config/settings.js';
import type { TokenBucket } from '../connections/token-bucket.js';
import { SharedSpending, type Note } from '../connections/nodes/shared-spending.js';
import { TokenBuckets } from '../connections/token-buckets.js';
import { networkOf, originOf } from '../identity/client-origin.js';
import { AppError } from '../errors/app-error.js';
import { bearerOf } from './jwt.strategy.js';
import { ProvedTokens } from './proved-tokens.js';

/**
 * How fast one may ask over HTTP. A request with a token that was proved before counts for its user, every
 * other one for the network that it comes from: so neighbours behind one address do not use up what is there for
 * each other, and whoever guesses tokens or passwords gets no further than the address allows.
 *
 * It is looked at before the body is read and before the database is asked, and every answer says what is left
 * (draft-ietf-httpapi-ratelimit-headers-11).
 */
@Injectable()
export class RequestBudget {
  private readonly users: TokenBuckets<number>;
  private readonly networks: TokenBuckets<string>;
  private readonly note: Note;
  private readonly ofUser: string;
  private readonly ofNetwork: string;

  constructor(
    private readonly settings: Settings,
    private readonly proved: ProvedTokens,
    spending: SharedSpending,
  ) {
    const { requests, requestsPerAddress } = settings.limits;
    this.users = new TokenBuckets(requests);
    this.networks = new TokenBuckets(requestsPerAddress);
    this.note = spending.share('requests', this.users);
    this.ofUser = policyOf('user', requests);
    this.ofNetwork = policyOf('address', requestsPerAddress);
  }

  /** For Express, and so bound. Passes `rate_limited` on when there is nothing left. */
  readonly spend = (
    request: IncomingMessage,
    response: ServerResponse,
    next: (error?: unknown) => void,
  ): void => {
    const now = performance.now();
    const token = bearerOf(request);
    const userId = token === null ? undefined : this.proved.claimsOf(token)?.userId;
    if (userId === undefined) {
      const bucket = this.networks.of(this.networkOf(request), now);
      const isWithin = bucket.take(now);
      tell(response, 'address', this.ofNetwork, bucket);
      next(isWithin ? undefined : tooFast(bucket.secondsInLine(now)));
    } else {
      const bucket = this.users.of(userId, now);
      const isWithin = bucket.take(now);
      tell(response, 'user', this.ofUser, bucket);
      if (isWithin) this.note(userId);
      next(isWithin ? undefined : tooFast(bucket.secondsToWait()));
    }
  };

  private networkOf(request: IncomingMessage): string {
    return networkOf(originOf(request, this.settings.trustProxy).address);
  }
}

/** A quota for as long as an empty bucket takes to be full: on average that is its rate. */
function policyOf(name: string, { perSecond, burst }: Rate): string {
  return `"${name}";q=${burst};w=${Math.max(1, Math.round(burst / perSecond))}`;
}

function tell(response: ServerResponse, name: string, policy: string, bucket: TokenBucket): void {
  response.setHeader('RateLimit-Policy', policy);
  response.setHeader('RateLimit', `"${name}";r=${bucket.left};t=${bucket.secondsToFull()}`);
}

function tooFast(retryAfter: number): AppError {
  return new AppError('rate_limited', { retryAfter });
}
