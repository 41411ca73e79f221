import type { DataSource, EntityManager } from 'typeorm';
import { AppError } from '../errors/app-error.js';
import { BEGIN, WRITE_PROBE } from './data-source-options.js';
import type { SqliteFiles } from './sqlite-files.js';
import type { StorageHealth } from './storage-health.js';

interface Job {
  readonly run: () => Promise<void>;
  readonly refuse: (error: unknown) => void;
}

/** Jobs that may wait. Beyond it the database is slower than its clients, and they are told so. */
const MAX_WAITING = 20_000;

/**
 * The only way to the database for writes. Each job is one transaction; jobs run one after the other in
 * the order in which they were given, on a connection that nobody else uses.
 *
 * A job resolves after its commit and rejects after its rollback, so whoever awaits it knows which of the
 * two is on disk.
 */
export class WriteQueue {
  private readonly waiting: Job[] = [];
  private running: Promise<void> | undefined;
  private probing: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly writer: DataSource,
    private readonly health: StorageHealth,
    private readonly files: SqliteFiles,
  ) {}

  /**
   * Runs `job` in a transaction of its own.
   *
   * @throws AppError `storage_unavailable` when the database is locked, full, read-only or broken;
   *   `shutting_down` after {@link close}; otherwise whatever the job throws
   */
  run<T>(job: (manager: EntityManager) => Promise<T>): Promise<T> {
    if (this.closed) return Promise.reject(new AppError('shutting_down'));
    if (this.waiting.length >= MAX_WAITING) return Promise.reject(new AppError('storage_unavailable'));
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({
        run: () => this.transaction(job).then(resolve, reject),
        refuse: reject,
      });
      this.running ??= this.drain();
    });
  }

  /** Finds out whether the database takes writes. Those who ask at once share one answer. */
  probe(): Promise<void> {
    this.probing ??= this.run(async (manager) => void (await manager.query(WRITE_PROBE))).finally(() => {
      this.probing = undefined;
    });
    return this.probing;
  }

  /** Takes no more jobs, finishes those it has, and closes the connection. */
  async close(): Promise<void> {
    this.closed = true;
    await this.running;
    if (this.writer.isInitialized) await this.writer.destroy();
  }

  private async drain(): Promise<void> {
    for (let job = this.waiting.shift(); job; job = this.waiting.shift()) await job.run();
    this.running = undefined;
  }

  private async transaction<T>(job: (manager: EntityManager) => Promise<T>): Promise<T> {
    try {
      this.health.checkWritable();
      await this.begin();
      const result = await job(this.writer.manager);
      this.files.check();
      // Not behind the commit: what is committed is told, whatever becomes of the file a moment later.
      await this.writer.query('COMMIT');
      this.health.worked();
      return result;
    } catch (error) {
      await this.rollback();
      throw this.asStorageError(error);
    }
  }

  /** While another process holds the lock, all who wait hear it now: in turn, each would wait as long again. */
  private async begin(): Promise<void> {
    try {
      await this.writer.query(BEGIN);
    } catch (error) {
      for (const job of this.waiting.splice(0)) job.refuse(this.asStorageError(error));
      throw error;
    }
  }

  /** SQLite has already rolled back by itself after some errors; then there is nothing to roll back. */
  private async rollback(): Promise<void> {
    await this.writer.query('ROLLBACK').catch(() => undefined);
  }

  private asStorageError(error: unknown): unknown {
    const translated = this.health.translate(error);
    if (translated !== error) this.health.failed(error);
    return translated;
  }
}
