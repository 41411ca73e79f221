import type { DataSource } from 'typeorm';
import { AppError } from '../errors/app-error.js';
import type { SqliteFiles } from './sqlite-files.js';
import { BEGIN, WRITE_PROBE } from './sqlite-statements.js';
import type { StorageHealth } from './storage-health.js';
import { MAX_WAITING, WriteQueue, type About, type Job } from './write-queue.js';

interface WaitingJob {
  readonly run: () => Promise<void>;
  readonly refuse: (error: unknown) => void;
}

/**
 * Jobs run one after the other in the order in which they were given, on a connection that nobody else uses: so
 * no job has to say which rows it is about.
 */
export class SqliteWriteQueue extends WriteQueue {
  private readonly waiting: WaitingJob[] = [];
  private running: Promise<void> | undefined;
  private probing: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly writer: DataSource,
    private readonly health: StorageHealth,
    private readonly files: SqliteFiles,
  ) {
    super();
  }

  override run<T>(job: Job<T>): Promise<T> {
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

  override alone<T>(_: About, job: Job<T>): Promise<T> {
    return this.run(job);
  }

  override probe(): Promise<void> {
    this.probing ??= this.run(async (manager) => void (await manager.query(WRITE_PROBE))).finally(() => {
      this.probing = undefined;
    });
    return this.probing;
  }

  override async close(): Promise<void> {
    this.closed = true;
    await this.running;
    if (this.writer.isInitialized) await this.writer.destroy();
  }

  private async drain(): Promise<void> {
    for (let job = this.waiting.shift(); job; job = this.waiting.shift()) await job.run();
    this.running = undefined;
  }

  private async transaction<T>(job: Job<T>): Promise<T> {
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
