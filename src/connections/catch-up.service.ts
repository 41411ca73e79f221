import { Injectable, Logger } from '@nestjs/common';
import { CLOSE } from '../protocol/close-codes.js';
import type { CatchUp } from './catch-up.js';
import type { Subscription } from './subscription.js';

/** Brings subscriptions up to date from whatever log stands behind their topic. */
@Injectable()
export class CatchUpService {
  private readonly logger = new Logger('CatchUp');
  private source: CatchUp | undefined;

  readFrom(source: CatchUp): void {
    this.source = source;
  }

  /**
   * Sends what the subscriber has missed and lets live frames through. Never rejects: a client that cannot
   * be brought up to date is told to come back, because frames with a hole before them are worse than none.
   */
  async bring(subscription: Subscription, after: number | undefined): Promise<void> {
    try {
      if (!this.source) throw new Error('No log to catch up from is set.');
      await subscription.catchUp(this.source, after);
    } catch (error) {
      this.logger.error(error);
      subscription.connection.close(CLOSE.internal);
    }
  }
}
