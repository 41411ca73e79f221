/** When to make somebody wait, and for how long. Times in milliseconds. */
export interface WaitRule {
  /** The failure after which the first wait comes. */
  readonly patience: number;
  /** That first wait; each further failure doubles it. */
  readonly first: number;
  readonly longest: number;
  /** Failures are forgotten when none has followed for this long. */
  readonly memory: number;
}

interface Failures {
  count: number;
  /** When the last one was, and until when the next attempt has to wait. */
  at: number;
  until: number;
}

/** Keys that are remembered. Beyond it the one that has been quiet for longest is forgotten. */
const MAX_KEYS = 50_000;

/**
 * Failures by key, and the growing waits that follow from them. A wait always ends: nobody is locked out for
 * good, whatever others do.
 *
 * `now` is in milliseconds of a clock that is never set back.
 */
export class GrowingWaits {
  /** The key that has been quiet for longest comes first. */
  private readonly failures = new Map<string, Failures>();

  constructor(private readonly rule: WaitRule) {}

  /** Milliseconds until the next attempt is listened to; 0 for at once. */
  left(key: string, now: number): number {
    return Math.max(0, (this.recent(key, now)?.until ?? 0) - now);
  }

  count(key: string, now: number): number {
    return this.recent(key, now)?.count ?? 0;
  }

  /** @param patience instead of the rule's, for a key that deserves less */
  fail(key: string, now: number, patience = this.rule.patience): void {
    const { first, longest } = this.rule;
    const count = this.count(key, now) + 1;
    const wait = count < patience ? 0 : Math.min(longest, first * 2 ** Math.min(count - patience, 40));
    this.failures.delete(key);
    this.failures.set(key, { count, at: now, until: now + wait });
    const [quietest] = this.failures.keys();
    if (this.failures.size > MAX_KEYS && quietest !== undefined) this.failures.delete(quietest);
  }

  /** Takes one failure back: the attempt that was counted as one turned out right. */
  takeBack(key: string): void {
    const known = this.failures.get(key);
    if (known === undefined) return;
    known.count -= 1;
    known.until = 0;
    if (known.count <= 0) this.failures.delete(key);
  }

  forget(key: string): void {
    this.failures.delete(key);
  }

  private recent(key: string, now: number): Failures | undefined {
    const known = this.failures.get(key);
    return known !== undefined && now - known.at <= this.rule.memory ? known : undefined;
  }
}
