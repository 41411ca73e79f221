import { Injectable, Logger } from '@nestjs/common';
import { StorageHealth } from '../database/storage-health.js';
import { AppError } from '../errors/app-error.js';
import { CLOSE } from '../protocol/close-codes.js';
import type { CatchUp, Cursor } from './catch-up.js';
import type { Subscription } from './subscription.js';

/** Brings subscriptions up to date from whatever log stands behind their topic. */
@Injectable()
export class CatchUpService {
  private readonly logger = new Logger('CatchUp');
  private source: CatchUp | undefined;

  constructor(private readonly storage: StorageHealth) {}

  readFrom(source: CatchUp): void {
    this.source = source;
  }

  /** What clients send back with their cursors. */
  get epoch(): string {
    return this.log.epoch;
  }

  private get log(): CatchUp {
    if (!this.source) throw new Error('No log to catch up from is set.');
    return this.source;
  }

  /**
   * Sends what the subscriber has missed and lets live frames through. Never rejects: a client that cannot
   * be brought up to date is told to come back, because frames with a hole before them are worse than none.
   */
  async bring(subscription: Subscription, cursor: Cursor | undefined): Promise<void> {
    subscription.onHole = () => {
      this.logger.warn(
        `A message is missing after ${subscription.sentUpTo} of ${subscription.topic}; reading it.`,
      );
      void this.bring(subscription, { after: subscription.sentUpTo });
    };
    try {
      await subscription.catchUp(this.log, cursor);
    } catch (thrown) {
      const error = this.storage.translate(thrown);
      if (!(error instanceof AppError)) this.logger.error(error);
      subscription.connection.close(CLOSE.internal);
    }
  }
}
