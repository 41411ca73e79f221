import type { Rate } from '../config/settings.js';

/** Milliseconds that nobody is sent away for longer than, however many are refused before them. */
const LONGEST_WAIT = 30_000;

/**
 * A token bucket: `burst` at once, then `perSecond` on average. Refilled when asked, so that an idle one
 * costs no timer. Times are milliseconds of a clock that is never set back, `performance.now()` for instance.
 */
export class TokenBucket {
  private tokens: number;
  private refilledAt: number;
  /** The time that the one who was refused last was told. */
  private promised = -Infinity;

  constructor(
    private readonly rate: Rate,
    now: number,
  ) {
    this.tokens = rate.burst;
    this.refilledAt = now;
  }

  /** Takes one token if there is one. */
  take(now: number): boolean {
    this.refill(now);
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }

  /** Takes what was spent elsewhere, down to a debt of one burst: whoever has spent it waits until it is paid. */
  spendElsewhere(tokens: number, now: number): void {
    this.refill(now);
    this.tokens = Math.max(-this.rate.burst, this.tokens - tokens);
  }

  /** Whole seconds until the next token, at least 1, as `Retry-After` wants it. */
  secondsToWait(): number {
    return Math.max(1, Math.ceil((1 - this.tokens) / this.rate.perSecond));
  }

  /**
   * Whole seconds after which one of many who were refused may come again: another time for each, a token
   * apart, so that all who keep to it get in. Beyond half a minute a time is drawn, so that they do not come
   * together.
   */
  secondsInLine(now: number): number {
    const next = Math.max(this.promised + this.interval, now + (1 - this.tokens) * this.interval);
    this.promised = Math.min(next, now + LONGEST_WAIT);
    const wait = next > now + LONGEST_WAIT ? LONGEST_WAIT * (0.5 + Math.random() / 2) : next - now;
    return Math.max(1, Math.ceil(wait / 1_000));
  }

  /** Whole tokens that are left. */
  get left(): number {
    return Math.max(0, Math.floor(this.tokens));
  }

  /** Whole seconds until it is full again. */
  secondsToFull(): number {
    return Math.ceil((this.rate.burst - this.tokens) / this.rate.perSecond);
  }

  /** A full bucket remembers nothing and may be forgotten. */
  isFull(now: number): boolean {
    this.refill(now);
    return this.tokens >= this.rate.burst;
  }

  private get interval(): number {
    return 1_000 / this.rate.perSecond;
  }

  private refill(now: number): void {
    const seconds = (now - this.refilledAt) / 1000;
    this.tokens = Math.min(this.rate.burst, this.tokens + seconds * this.rate.perSecond);
    this.refilledAt = now;
  }
}
