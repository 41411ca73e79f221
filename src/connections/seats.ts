import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { Broker } from './broker/broker.js';
import { userTopic } from './topics.js';

/** Seconds after which a refused client may try again: one of several, so that not all come in the same. */
const SOONEST = 3;
const SPREAD = 5;

/** A place for one socket, held from the first byte of its handshake until it closes. */
export interface Seat {
  /** From where: see `networkOf`. */
  readonly network: string;
  userId: number | undefined;
  sessionId: string | undefined;
  /** The session ended while the handshake was under way. */
  revoked: boolean;
}

/** A session that is being looked up for a socket that is open already. */
export interface Watch {
  readonly sessionId: string;
  revoked: boolean;
}

interface Guest {
  seats: number;
  /** Settles when commands about the user will arrive here. */
  readonly listening: Promise<void>;
}

/**
 * Counts sockets from their handshake on, so that a hundred handshakes at once cannot slip past a limit,
 * nor a log-out miss the one that it crosses.
 */
@Injectable()
export class Seats {
  private readonly taken = new Set<Seat>();
  private readonly watches = new Set<Watch>();
  private readonly guests = new Map<number, Guest>();
  private readonly takenFrom = new Map<string, number>();

  constructor(
    private readonly settings: Settings,
    private readonly broker: Broker,
  ) {}

  /** @throws AppError `server_full` | `too_many_connections` */
  take(network: string): Seat {
    const { connections, connectionsPerAddress } = this.settings.limits;
    if (this.taken.size >= connections) throw refusal('server_full');
    const fromThere = this.takenFrom.get(network) ?? 0;
    if (fromThere >= connectionsPerAddress) throw refusal('too_many_connections');
    this.takenFrom.set(network, fromThere + 1);
    const seat: Seat = { network, userId: undefined, sessionId: undefined, revoked: false };
    this.taken.add(seat);
    return seat;
  }

  /**
   * Books the seat for a user, and listens to what concerns them. Awaited before their session is looked
   * up: its end is then either seen by the look, or arrives here.
   *
   * @throws AppError `too_many_connections`
   */
  async book(seat: Seat, userId: number, sessionId: string): Promise<void> {
    const guest = this.guests.get(userId) ?? { seats: 0, listening: this.broker.listen(userTopic(userId)) };
    if (guest.seats >= this.settings.limits.connectionsPerUser) {
      throw refusal('too_many_connections');
    }
    guest.seats += 1;
    this.guests.set(userId, guest);
    Object.assign(seat, { userId, sessionId });
    await guest.listening;
  }

  release(seat: Seat): void {
    if (!this.taken.delete(seat)) return;
    const fromThere = this.takenFrom.get(seat.network) ?? 0;
    if (fromThere > 1) this.takenFrom.set(seat.network, fromThere - 1);
    else this.takenFrom.delete(seat.network);
    if (seat.userId === undefined) return;
    const guest = this.guests.get(seat.userId);
    if (!guest) return;
    guest.seats -= 1;
    if (guest.seats > 0) return;
    this.guests.delete(seat.userId);
    this.broker.unlisten(userTopic(seat.userId));
  }

  /**
   * Notices the end of a session from here on. For one of a user who has a seat: what concerns them is listened to.
   */
  watch(sessionId: string): Watch {
    const watch = { sessionId, revoked: false };
    this.watches.add(watch);
    return watch;
  }

  unwatch(watch: Watch): void {
    this.watches.delete(watch);
  }

  revoke(ended: ReadonlySet<string>): void {
    for (const seat of this.taken) {
      if (seat.sessionId !== undefined && ended.has(seat.sessionId)) seat.revoked = true;
    }
    for (const watch of this.watches) if (ended.has(watch.sessionId)) watch.revoked = true;
  }
}

function refusal(code: 'server_full' | 'too_many_connections'): AppError {
  return new AppError(code, { retryAfter: SOONEST + Math.floor(Math.random() * SPREAD) });
}
