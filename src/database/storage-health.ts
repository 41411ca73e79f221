import { Injectable, Logger } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { checkIntegrity } from './sqlite-options.js';
import { FORGET_PAGES } from './sqlite-statements.js';
import { isCorruption, isStorageFault } from './storage-faults.js';

/** Milliseconds without a refused write before the database counts as working again. */
const QUIET = 1_000;

/** What can be asked to forget the pages that it has read. */
interface PageCache {
  query(sql: string): Promise<unknown>;
}

/**
 * Knows how the database is, from what happens to those who use it: a fault becomes the error that clients
 * are told, is logged once when it begins and once when it ends, and counts for readiness.
 *
 * A damaged page is remembered until a look at the whole file finds none: it may not be the only one, so
 * nothing is written meanwhile. What was read of it is dropped from the caches, so that a file that is mended
 * works without a restart.
 */
@Injectable()
export class StorageHealth {
  private readonly logger = new Logger('Database');
  private caches: readonly PageCache[] = [];
  private failingSince: number | undefined;
  private lastFault = -Infinity;
  private refused = 0;
  private isDamaged = false;
  /** Reads and writes that have met damage so far. */
  private damages = 0;
  /** When the last look at the whole file ended; infinite while one is under way. */
  private lastLook = -Infinity;

  constructor(private readonly settings: Settings) {}

  /** Names the connections whose caches may hold what a damaged file said. */
  watch(...caches: readonly PageCache[]): void {
    this.caches = caches;
  }

  /**
   * What an error means to a client: `storage_unavailable` when the database is locked, full, read-only,
   * broken or gone; any other error stays what it is.
   */
  translate(error: unknown): unknown {
    if (!isStorageFault(error)) return error;
    if (isCorruption(error)) this.damaged(error);
    return new AppError('storage_unavailable', {}, { cause: error });
  }

  /** Whether the last write was refused. */
  get isFailing(): boolean {
    return this.failingSince !== undefined;
  }

  /** A write was refused. */
  failed(error: unknown): void {
    this.lastFault = performance.now();
    this.refused += 1;
    if (this.failingSince !== undefined) return;
    this.failingSince = this.lastFault;
    this.logger.error(`The database takes no writes: ${messageOf(error)}`);
  }

  /** A write was committed. */
  worked(): void {
    if (this.failingSince === undefined) return;
    const seconds = Math.round((performance.now() - this.failingSince) / 1_000);
    this.logger.warn(`The database takes writes again, after ${seconds} s and ${this.refused} refused.`);
    this.failingSince = undefined;
    this.refused = 0;
  }

  /**
   * Asked before each write: writing to a damaged file can damage more of it. Whoever is refused has the file
   * looked at once more, so that it is used again soon after it was mended.
   *
   * @throws AppError `storage_unavailable` while the file is known to be damaged
   */
  checkWritable(): void {
    if (!this.isDamaged) return;
    this.look();
    throw new AppError('storage_unavailable');
  }

  /** @throws AppError `storage_unavailable` for a second after the last write that was refused */
  checkQuiet(): void {
    if (performance.now() - this.lastFault < QUIET) throw new AppError('storage_unavailable');
  }

  private damaged(error: unknown): void {
    if (!this.isDamaged) this.logger.error(`The database is damaged: ${messageOf(error)}`);
    this.isDamaged = true;
    this.damages += 1;
    for (const cache of this.caches) cache.query(FORGET_PAGES).catch(() => undefined);
    this.look();
  }

  /** Not more often than once a second, and one look at a time. */
  private look(): void {
    if (performance.now() - this.lastLook > QUIET) void this.lookAtAll();
  }

  private async lookAtAll(): Promise<void> {
    const { database } = this.settings;
    // PostgreSQL looks after its own files.
    if (database.kind !== 'sqlite') return;
    this.lastLook = Infinity;
    const known = this.damages;
    try {
      const findings = await checkIntegrity(database);
      this.isDamaged = findings.length > 0 || this.damages > known;
      if (!this.isDamaged) this.logger.warn('The database is whole again.');
    } catch {
      // It cannot even be read: that is no better.
    }
    this.lastLook = performance.now();
  }
}

/** A failed query has its parameters as properties, and those are what people wrote: only the sentence. */
function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
