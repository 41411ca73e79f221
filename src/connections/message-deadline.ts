import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { CLOSE } from '../protocol/close-codes.js';
import type { Connection } from './connection.js';
import { ConnectionRegistry } from './connection-registry.js';

/** Looks in the time that a message may take. */
const LOOKS = 4;

/** A message that was not whole when it was looked at. */
interface Unfinished {
  readonly since: number;
  /** When the message before it came: the same as long as it is this one. */
  readonly after: number;
}

/**
 * Closes sockets that begin a message and do not end it: what has come of it is kept in memory meanwhile.
 * One timer for the node looks at all of them, so that whole messages cost nothing.
 */
@Injectable()
export class MessageDeadline implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly period: number;
  private unfinished = new Map<Connection, Unfinished>();
  private lookedAt = performance.now();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly registry: ConnectionRegistry,
  ) {
    this.period = settings.timeouts.message / LOOKS;
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.look(performance.now()), this.period).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  private look(now: number): void {
    // A process that stood still has not read what was sent to it: nobody is judged by that.
    const before =
      now - this.lookedAt < 2 * this.period ? this.unfinished : new Map<Connection, Unfinished>();
    this.lookedAt = now;
    this.unfinished = new Map();
    for (const connection of this.registry.connections) {
      // Nor by the rest of a message that is not read because too many others wait to be handled.
      if (!connection.isMidMessage || connection.frames.isPaused || !connection.isOpen) continue;
      const seen = before.get(connection);
      const isSame = seen?.after === connection.lastActiveAt;
      if (isSame && now - seen.since >= this.settings.timeouts.message) {
        connection.close(CLOSE.messageUnfinished);
      } else {
        this.unfinished.set(connection, isSame ? seen : { since: now, after: connection.lastActiveAt });
      }
    }
  }
}
