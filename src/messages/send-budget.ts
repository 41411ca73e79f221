import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { TokenBucket } from '../connections/token-bucket.js';
import { AppError } from '../errors/app-error.js';

/** Users whose buckets are remembered before the full ones are forgotten. */
const SWEEP_AT = 10_000;

/** How fast one user may send, over all of their sockets and REST together. */
@Injectable()
export class SendBudget {
  private readonly buckets = new Map<number, TokenBucket>();
  private sweepAt = SWEEP_AT;

  constructor(private readonly settings: Settings) {}

  /** @throws AppError `rate_limited` with the seconds to wait */
  spend(userId: number): void {
    const now = performance.now();
    const bucket = this.bucketOf(userId, now);
    if (!bucket.take(now)) throw new AppError('rate_limited', { retryAfter: bucket.secondsToWait() });
  }

  private bucketOf(userId: number, now: number): TokenBucket {
    let bucket = this.buckets.get(userId);
    if (!bucket) {
      const { messagesPerSecond, messagesBurst } = this.settings.limits;
      bucket = new TokenBucket(messagesPerSecond, messagesBurst, now);
      this.forgetFull(now);
      this.buckets.set(userId, bucket);
    }
    return bucket;
  }

  /** A full bucket is as good as a new one. Looked for each time that the number of users has doubled. */
  private forgetFull(now: number): void {
    if (this.buckets.size < this.sweepAt) return;
    for (const [userId, bucket] of this.buckets) if (bucket.isFull(now)) this.buckets.delete(userId);
    this.sweepAt = Math.max(SWEEP_AT, this.buckets.size * 2);
  }
}
