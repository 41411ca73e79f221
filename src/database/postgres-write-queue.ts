import { setTimeout as pause } from 'node:timers/promises';
import type { DataSource, QueryRunner } from 'typeorm';
import { AppError } from '../errors/app-error.js';
import { JobSlots } from './job-slots.js';
import { KeyLanes } from './key-lanes.js';
import { beginAlone, keysOf } from './row-locks.js';
import { isCrossing, isLost } from './storage-faults.js';
import type { StorageHealth } from './storage-health.js';
import { MAX_WAITING, WriteQueue, type About, type Job } from './write-queue.js';

/** Tries of one job, the first included. */
const TRIES = 5;
/** Milliseconds before the second try, twice as many before each further one, with as many again by chance. */
const FIRST_PAUSE = 10;
/** A write that changes nothing: a standby and a read-only server refuse it. */
const WRITE_PROBE = 'SELECT pg_current_xact_id()';

/** The connection was lost on the way to the commit or back: nobody knows whether it was made. */
class UnknownOutcome extends Error {}

/**
 * Several jobs at once, each on a connection of its own. Those that are about the same room, user or session run
 * one after the other: on this node they wait here, where they hold nothing; on other nodes at a row lock, which is
 * the first that a transaction asks for.
 *
 * A transaction that has met another one, or whose connection was lost before the commit was sent, has left
 * nothing behind and is tried again.
 */
export class PostgresWriteQueue extends WriteQueue {
  private readonly lanes = new KeyLanes();
  private readonly slots: JobSlots;
  private readonly open = new Set<Promise<unknown>>();
  private probing: Promise<void> | undefined;
  private closed = false;

  /**
   * @param jobs how many run at once; leaves a connection for {@link call}
   * @param patience milliseconds after which a job is not tried again
   */
  constructor(
    private readonly writer: DataSource,
    private readonly health: StorageHealth,
    jobs: number,
    private readonly patience: number,
  ) {
    super();
    this.slots = new JobSlots(jobs);
  }

  override run<T>(job: Job<T>): Promise<T> {
    return this.alone({}, job);
  }

  override alone<T>(about: About, job: Job<T>): Promise<T> {
    return this.counted(() =>
      this.lanes.run(keysOf(about), () =>
        this.slots.run(() => this.tried(() => this.transaction(about, job), isUndone)),
      ),
    );
  }

  /**
   * Runs one statement, a transaction of its own in a single round trip, and again when nobody knows what became
   * of it: it has to be harmless when it was done already.
   *
   * @throws AppError as {@link run}
   */
  call<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    const statement = () => this.writer.query<Row[]>(sql, [...parameters]);
    return this.counted(() => this.tried(statement, (error) => isUndone(error) || isLost(error)));
  }

  override probe(): Promise<void> {
    this.probing ??= this.call(WRITE_PROBE, [])
      .then(() => undefined)
      .finally(() => {
        this.probing = undefined;
      });
    return this.probing;
  }

  override async close(): Promise<void> {
    this.closed = true;
    await Promise.allSettled(this.open);
    if (this.writer.isInitialized) await this.writer.destroy();
  }

  private counted<T>(work: () => Promise<T>): Promise<T> {
    if (this.closed) return Promise.reject(new AppError('shutting_down'));
    if (this.open.size >= MAX_WAITING) return Promise.reject(new AppError('storage_unavailable'));
    const result = work().finally(() => this.open.delete(result));
    this.open.add(result);
    return result;
  }

  /** While the database is known to be away, one try is enough. */
  private async tried<T>(attempt: () => Promise<T>, mayRepeat: (error: unknown) => boolean): Promise<T> {
    const deadline = performance.now() + this.patience;
    for (let tries = 1; ; tries += 1) {
      try {
        const result = await attempt();
        this.health.worked();
        return result;
      } catch (error) {
        const isKnown = isLost(error) && this.health.isFailing;
        const isLast = tries === TRIES || performance.now() > deadline;
        if (isLast || isKnown || !mayRepeat(error)) throw this.asStorageError(error);
        await pause(FIRST_PAUSE * 2 ** (tries - 1) * (1 + Math.random()));
      }
    }
  }

  private async transaction<T>(about: About, job: Job<T>): Promise<T> {
    const runner = this.writer.createQueryRunner();
    try {
      await beginAlone(runner, about);
      const result = await job(runner.manager);
      await commit(runner);
      return result;
    } catch (error) {
      await runner.query('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      await runner.release();
    }
  }

  private asStorageError(error: unknown): unknown {
    const cause = error instanceof UnknownOutcome ? error.cause : error;
    const translated = this.health.translate(cause);
    if (translated === cause) return cause;
    this.health.failed(cause);
    if (isLost(cause)) this.slots.refuseWaiting(translated);
    return translated;
  }
}

async function commit(runner: QueryRunner): Promise<void> {
  try {
    await runner.query('COMMIT');
  } catch (error) {
    throw isLost(error) ? new UnknownOutcome('The commit was not answered.', { cause: error }) : error;
  }
}

/** Whether nothing is left of a transaction, and the next one may succeed. */
function isUndone(error: unknown): boolean {
  return isCrossing(error) || (isLost(error) && !(error instanceof UnknownOutcome));
}
