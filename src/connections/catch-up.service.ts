import { Injectable, Logger } from '@nestjs/common';
import { StorageHealth } from '../database/storage-health.js';
import { AppError } from '../errors/app-error.js';
import { CLOSE } from '../protocol/close-codes.js';
import { errorFrame } from '../protocol/encode-frame.js';
import type { CatchUp, Cursor } from './catch-up.js';
import { ConnectionRegistry } from './connection-registry.js';
import type { Subscription } from './subscription.js';
import { roomOf, type Topic } from './topics.js';

/** Brings subscriptions up to date from whatever log stands behind their topic. */
@Injectable()
export class CatchUpService {
  private readonly logger = new Logger('CatchUp');
  private source: CatchUp | undefined;

  constructor(
    private readonly storage: StorageHealth,
    private readonly registry: ConnectionRegistry,
  ) {}

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
   * Sends what the subscriber has missed and lets live frames through. Never rejects: where a log cannot be
   * read, the subscription ends, because frames with a hole before them are worse than none. An `error` with
   * the `room_id` says so; the other rooms of the socket go on, and a socket that is bound to this one closes.
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
      const { connection, topic, isOver } = subscription;
      const failure = this.failureOf(topic, thrown);
      if (isOver) return;
      this.registry.unsubscribe(connection, topic);
      connection.send(errorFrame(failure, undefined));
      if (connection.boundTopic === topic) connection.close(CLOSE.internal);
    }
  }

  /** What ended a subscription, for its client: with the room that the socket hears no more. */
  failureOf(topic: Topic, thrown: unknown): AppError {
    const error = this.storage.translate(thrown);
    if (!(error instanceof AppError)) this.logger.error(error);
    const code = error instanceof AppError ? error.code : 'internal';
    const roomId = roomOf(topic);
    return new AppError(code, { facts: roomId === undefined ? {} : { room_id: roomId } }, { cause: thrown });
  }
}
