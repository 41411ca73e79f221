import type { DataSource, EntityManager } from 'typeorm';
import { AppError } from '../errors/app-error.js';
import { BEGIN } from './data-source-options.js';

type Job = () => Promise<void>;

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
  private closed = false;

  constructor(private readonly writer: DataSource) {}

  /**
   * Runs `job` in a transaction of its own.
   *
   * @throws AppError `shutting_down` after {@link close}; otherwise whatever the job or the commit throws
   */
  run<T>(job: (manager: EntityManager) => Promise<T>): Promise<T> {
    if (this.closed) return Promise.reject(new AppError('shutting_down'));
    return new Promise<T>((resolve, reject) => {
      this.waiting.push(() => this.transaction(job).then(resolve, reject));
      this.running ??= this.drain();
    });
  }

  /** Takes no more jobs, finishes those it has, and closes the connection. */
  async close(): Promise<void> {
    this.closed = true;
    await this.running;
    if (this.writer.isInitialized) await this.writer.destroy();
  }

  private async drain(): Promise<void> {
    for (let job = this.waiting.shift(); job; job = this.waiting.shift()) await job();
    this.running = undefined;
  }

  private async transaction<T>(job: (manager: EntityManager) => Promise<T>): Promise<T> {
    await this.writer.query(BEGIN);
    try {
      const result = await job(this.writer.manager);
      await this.writer.query('COMMIT');
      return result;
    } catch (error) {
      await this.rollback();
      throw error;
    }
  }

  /** SQLite has already rolled back by itself after some errors; then there is nothing to roll back. */
  private async rollback(): Promise<void> {
    await this.writer.query('ROLLBACK').catch(() => undefined);
  }
}
