import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { SharedSpending, type Note } from '../connections/nodes/shared-spending.js';
import { TokenBuckets } from '../connections/token-buckets.js';
import { AppError } from '../errors/app-error.js';

/** How fast one user may send, over all of their sockets and REST together, on all nodes. */
@Injectable()
export class SendBudget {
  private readonly users: TokenBuckets<number>;

  private readonly note: Note;

  constructor(settings: Settings, spending: SharedSpending) {
    this.users = new TokenBuckets(settings.limits.messages);
    this.note = spending.share('messages', this.users);
  }

  /** @throws AppError `rate_limited` with the seconds to wait */
  spend(userId: number): void {
    const now = performance.now();
    const bucket = this.users.of(userId, now);
    if (!bucket.take(now)) throw new AppError('rate_limited', { retryAfter: bucket.secondsToWait() });
    this.note(userId);
  }
}
