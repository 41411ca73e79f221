import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { TokenBucket } from './token-bucket.js';
import { TokenBuckets } from './token-buckets.js';

/**
 * How fast sockets may be asked for, by one network and by all together. Whoever is refused is told a time of
 * their own to come back, so that a crowd which has lost its server gets in one after the other.
 */
@Injectable()
export class UpgradeBudget {
  private readonly networks: TokenBuckets<string>;
  private readonly all: TokenBucket;

  constructor({ limits }: Settings) {
    this.networks = new TokenBuckets(limits.upgradesPerAddress);
    this.all = new TokenBucket(limits.upgrades, performance.now());
  }

  /**
   * One network's flood does not use up what there is for the others.
   *
   * @throws AppError `rate_limited` | `server_full`
   */
  spend(network: string): void {
    const now = performance.now();
    const ofNetwork = this.networks.of(network, now);
    if (!ofNetwork.take(now)) {
      throw new AppError('rate_limited', { retryAfter: ofNetwork.secondsInLine(now) });
    }
    if (!this.all.take(now)) throw new AppError('server_full', { retryAfter: this.all.secondsInLine(now) });
  }
}
