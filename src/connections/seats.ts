import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';

/** Seconds after which a refused client may try again. */
const RETRY_AFTER = 5;

/** A place for one socket, held from the first byte of its handshake until it closes. */
export interface Seat {
  userId: number | undefined;
  sessionId: string | undefined;
  /** The session ended while the handshake was under way. */
  revoked: boolean;
}

/**
 * Counts sockets from their handshake on, so that a hundred handshakes at once cannot slip past a limit,
 * nor a log-out miss the one that it crosses.
 */
@Injectable()
export class Seats {
  private readonly taken = new Set<Seat>();
  private readonly perUser = new Map<number, number>();

  constructor(private readonly settings: Settings) {}

  /** @throws AppError `server_full` */
  take(): Seat {
    if (this.taken.size >= this.settings.limits.connections) {
      throw new AppError('server_full', { retryAfter: RETRY_AFTER });
    }
    const seat: Seat = { userId: undefined, sessionId: undefined, revoked: false };
    this.taken.add(seat);
    return seat;
  }

  /**
   * Books the seat for a user. Called before the session is looked up, so that its end cannot be missed.
   *
   * @throws AppError `too_many_connections`
   */
  book(seat: Seat, userId: number, sessionId: string): void {
    const count = this.perUser.get(userId) ?? 0;
    if (count >= this.settings.limits.connectionsPerUser) {
      throw new AppError('too_many_connections', { retryAfter: RETRY_AFTER });
    }
    this.perUser.set(userId, count + 1);
    seat.userId = userId;
    seat.sessionId = sessionId;
  }

  release(seat: Seat): void {
    if (!this.taken.delete(seat) || seat.userId === undefined) return;
    const left = (this.perUser.get(seat.userId) ?? 1) - 1;
    if (left === 0) this.perUser.delete(seat.userId);
    else this.perUser.set(seat.userId, left);
  }

  revoke(sessionId: string): void {
    for (const seat of this.taken) if (seat.sessionId === sessionId) seat.revoked = true;
  }
}
