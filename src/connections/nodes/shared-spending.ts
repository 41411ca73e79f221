import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Settings } from '../../config/settings.js';
import type { TokenBuckets } from '../token-buckets.js';
import { OtherNodes } from './other-nodes.js';

/** Milliseconds between two times that a node tells the others. */
const TELL_EVERY = 250;
/** Users of one envelope. */
const MAX_USERS = 1_000;

/** Told of each token that a user takes. */
export type Note = (userId: number) => void;

interface Shared {
  readonly buckets: TokenBuckets<number>;
  readonly spent: Map<number, number>;
}

/**
 * Makes budgets of users hold over all nodes. Nobody is asked before a token is taken; four times a second each node tells
 * the others what its users have taken, and theirs is taken here as well. So the rate of a user is the same however
 * many nodes they use, while a burst may be had on each of them, once, and is waited for afterwards.
 */
@Injectable()
export class SharedSpending implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly budgets = new Map<string, Shared>();
  private readonly hasOthers: boolean;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    settings: Settings,
    private readonly others: OtherNodes,
  ) {
    this.hasOthers = settings.redis !== undefined;
  }

  onApplicationBootstrap(): void {
    if (!this.hasOthers) return;
    this.others.onSpending(({ budget, spent }) => {
      const now = performance.now();
      const { buckets } = this.budgets.get(budget) ?? {};
      for (const [userId, tokens] of spent) buckets?.of(userId, now).spendElsewhere(tokens, now);
    });
    this.timer = setInterval(() => this.tell(), TELL_EVERY).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** @param budget the name by which other nodes know it */
  share(budget: string, buckets: TokenBuckets<number>): Note {
    if (!this.hasOthers) return () => undefined;
    const spent = new Map<number, number>();
    this.budgets.set(budget, { buckets, spent });
    return (userId) => spent.set(userId, (spent.get(userId) ?? 0) + 1);
  }

  private tell(): void {
    for (const [budget, { spent }] of this.budgets) {
      const all = [...spent];
      spent.clear();
      for (let start = 0; start < all.length; start += MAX_USERS) {
        this.others.tellSpending(budget, all.slice(start, start + MAX_USERS));
      }
    }
  }
}
