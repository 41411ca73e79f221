import type { EntityManager } from 'typeorm';

/** Jobs that may wait. Beyond it the database is slower than its clients, and they are told so. */
export const MAX_WAITING = 20_000;

export type Job<T> = (manager: EntityManager) => Promise<T>;

/**
 * What a job is about: while it runs, no other job that is about the same runs, on whichever node, and no message
 * is appended to its room. It begins to read when it is alone, so what it reads stays true until its commit.
 */
export interface About {
  readonly room?: number;
  readonly user?: number;
  /** Stands for the user of the session. */
  readonly session?: string;
}

/**
 * The only way to the database for writes. Each job is one transaction.
 *
 * A job resolves after its commit and rejects after its rollback, so whoever awaits it knows which of the
 * two is on disk. It may be run again from its beginning when it has met another one, so it changes nothing
 * outside of the database that a second run would not change in the same way.
 */
export abstract class WriteQueue {
  /**
   * Runs `job` in a transaction of its own, which needs nothing that it has read to stay as it was.
   *
   * @throws AppError `storage_unavailable` when the database is locked, full, read-only, broken or gone;
   *   `shutting_down` after {@link close}; otherwise whatever the job throws
   */
  abstract run<T>(job: Job<T>): Promise<T>;

  /** Runs `job` like {@link run}, alone with what it is about: what it reads before it writes. */
  abstract alone<T>(about: About, job: Job<T>): Promise<T>;

  /** Finds out whether the database takes writes. Those who ask at once share one answer. */
  abstract probe(): Promise<void>;

  /** Takes no more jobs, finishes those it has, and closes the connections. */
  abstract close(): Promise<void>;
}
