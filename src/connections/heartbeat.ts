import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { CLOSE } from '../protocol/close-codes.js';
import type { Connection } from './connection.js';

/** Sockets are pinged in this many portions, so that ten thousand are not pinged in one turn. */
const PORTIONS = 25;

/**
 * Pings every socket once an interval (RFC 6455, 5.5.2) and closes those that do not answer in time, so that
 * half-open ones end. One timer for the node, whatever the number of sockets.
 */
@Injectable()
export class Heartbeat implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly portions = Array.from({ length: PORTIONS }, () => new Set<Connection>());
  private readonly portionOf = new Map<Connection, Set<Connection>>();
  private readonly patience: number;
  private turn = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly settings: Settings) {
    const { interval, timeout } = settings.heartbeat;
    this.patience = Math.min(PORTIONS - 1, Math.ceil((timeout / interval) * PORTIONS));
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.beat(), this.settings.heartbeat.interval / PORTIONS);
    this.timer.unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** The portion whose turn was last: its first ping is a whole interval away. */
  watch(connection: Connection): void {
    const portion = this.portionAt(this.turn);
    portion.add(connection);
    this.portionOf.set(connection, portion);
  }

  forget(connection: Connection): void {
    this.portionOf.get(connection)?.delete(connection);
    this.portionOf.delete(connection);
  }

  private beat(): void {
    this.turn = (this.turn + 1) % PORTIONS;
    for (const connection of this.portionAt(this.turn - this.patience)) this.check(connection);
    for (const connection of this.portionAt(this.turn)) connection.ping();
  }

  private check(connection: Connection): void {
    if (!connection.awaitsPong) return;
    // While it is held back its answers do not reach us; but not for longer than an interval.
    if (connection.frames.isPaused && !connection.wasExcused) {
      connection.wasExcused = true;
      return;
    }
    connection.isActive = false;
    connection.close(connection.frames.isPaused ? CLOSE.tooSlow : CLOSE.heartbeatMissed);
  }

  private portionAt(turn: number): Set<Connection> {
    const portion = this.portions[(turn + PORTIONS) % PORTIONS];
    if (!portion) throw new RangeError(`No portion ${turn}`);
    return portion;
  }
}
