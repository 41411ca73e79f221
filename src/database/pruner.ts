import { Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { WriteQueue } from './write-queue.js';

const DAY = 86_400_000;
/** Milliseconds for which what is over is kept: longer than any access token lasts, and than most questions take to come up. */
const KEPT_FOR = 30 * DAY;
const EVERY = 3_600_000;
/** Rows that go in one transaction: a message waits for no more than that. */
const BATCH = 200;

/** Rows of one kind that are over. */
export interface Remains<Row extends object = object> {
  readonly what: string;
  /** Those that were over before this time, at most so many. */
  find(time: number, most: number): Promise<Row[]>;
  /** Removes them, but for those that are not over any more. */
  remove(manager: EntityManager, rows: Row[], time: number): Promise<unknown>;
}

/**
 * Removes what has been over for {@link KEPT_FOR}: at the start, and once an hour. Rows are looked for on the connection
 * that reads, and removed in small transactions, so that nothing waits for a look through a large table. Where several
 * nodes do it at once, the later one finds less.
 */
export class Pruner {
  private readonly logger = new Logger('Pruning');
  private timer: NodeJS.Timeout | undefined;
  private underWay: Promise<void> | undefined;
  private isOver = false;

  constructor(
    private readonly writes: WriteQueue,
    private readonly remains: readonly Remains[],
  ) {}

  start(): void {
    this.timer = setInterval(() => this.begin(), EVERY).unref();
    this.begin();
  }

  /** Resolves when the batch that is under way is done. */
  async stop(): Promise<void> {
    this.isOver = true;
    clearInterval(this.timer);
    await this.underWay;
  }

  private begin(): void {
    this.underWay ??= this.prune(Date.now() - KEPT_FOR)
      // Whatever it is, it is there again in an hour; who is affected by it now is told by somebody else.
      .catch((error: unknown) => this.logger.warn(`Not everything was removed: ${String(error)}`))
      .finally(() => (this.underWay = undefined));
  }

  private async prune(time: number): Promise<void> {
    for (const kind of this.remains) {
      let removed = 0;
      for (let found = BATCH; found === BATCH && !this.isOver;) {
        const rows = await kind.find(time, BATCH);
        if (rows.length > 0) await this.writes.run((manager) => kind.remove(manager, rows, time));
        removed += found = rows.length;
      }
      if (removed > 0) this.logger.log(`Removed ${removed} ${kind.what} that were over for 30 days`);
    }
  }
}
