import type { Rate } from '../config/settings.js';
import { TokenBucket } from './token-bucket.js';

/** Buckets that are remembered before the full ones are looked for. */
const SWEEP_AT = 10_000;
/** Buckets that are remembered at all; each takes about 150 bytes. */
const MAX_REMEMBERED = 200_000;

/** A token bucket for each user, address or whatever else is counted apart. */
export class TokenBuckets<Key> {
  private readonly buckets = new Map<Key, TokenBucket>();
  private sweepAt = SWEEP_AT;

  constructor(private readonly rate: Rate) {}

  of(key: Key, now: number): TokenBucket {
    let bucket = this.buckets.get(key);
    if (!bucket) {
      this.forgetSome(now);
      bucket = new TokenBucket(this.rate, now);
      this.buckets.set(key, bucket);
    }
    return bucket;
  }

  /** How many are remembered. */
  get size(): number {
    return this.buckets.size;
  }

  /**
   * A full bucket is as good as a new one. Looked for each time that their number has doubled. Should there be
   * too many that are not full, those that came first are forgiven.
   */
  private forgetSome(now: number): void {
    if (this.buckets.size < this.sweepAt) return;
    for (const [key, bucket] of this.buckets) if (bucket.isFull(now)) this.buckets.delete(key);
    for (const key of this.buckets.keys()) {
      if (this.buckets.size <= MAX_REMEMBERED / 2) break;
      this.buckets.delete(key);
    }
    this.sweepAt = Math.max(SWEEP_AT, this.buckets.size * 2);
  }
}
