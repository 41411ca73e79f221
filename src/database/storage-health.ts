import { Injectable, Logger } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { checkIntegrity, FORGET_PAGES, isCorruption, isStorageFault } from './data-source-options.js';

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
 * A damaged page is remembered until a check of the whole file finds none. It is not trusted to be the only
 * one, and what was read of it is dropped from the caches, so that a file that is mended works at once.
 */
@Injectable()
export class StorageHealth {
  private readonly logger = new Logger('Database');
  private caches: readonly PageCache[] = [];
  private failingSince: number | undefined;
  private lastFault = -Infinity;
  private refused = 0;
  private isDamaged = false;
  private checking: Promise<void> | undefined;

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

  /** @throws AppError `storage_unavailable` while writes are refused or the file is damaged */
  async checkWorking(): Promise<void> {
    if (this.isDamaged) {
      this.checking ??= this.checkDamage().finally(() => (this.checking = undefined));
      await this.checking;
    }
    if (this.isDamaged || performance.now() - this.lastFault < QUIET) {
      throw new AppError('storage_unavailable');
    }
  }

  private damaged(error: unknown): void {
    if (!this.isDamaged) this.logger.error(`The database is damaged: ${messageOf(error)}`);
    this.isDamaged = true;
    for (const cache of this.caches) cache.query(FORGET_PAGES).catch(() => undefined);
  }

  private async checkDamage(): Promise<void> {
    try {
      const findings = await checkIntegrity(this.settings);
      this.isDamaged = findings.length > 0;
      if (!this.isDamaged) this.logger.warn('The database is whole again.');
    } catch {
      // It cannot even be read: that is no better.
    }
  }
}

/** A failed query has its parameters as properties, and those are what people wrote: only the sentence. */
function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
