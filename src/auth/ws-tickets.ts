import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { AppError } from '../errors/app-error.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { TICKET_SECONDS } from '../protocol/limits.js';
import type { AccessClaims } from './access-claims.js';

interface Ticket extends AccessClaims {
  /** Milliseconds since the epoch. */
  readonly usableUntil: number;
}

/** Unused tickets of all users together; each lives half a minute at most. */
const MAX_TICKETS = 100_000;

/**
 * Tickets that open one socket each, so that a page needs no token in a URL. They live in memory: a restart
 * costs a page one more request.
 */
@Injectable()
export class WsTickets {
  /** In the order in which they end, because all live equally long. */
  private readonly tickets = new Map<string, Ticket>();

  issue({ id, sessionId, expiresAt }: AuthenticatedUser): string {
    const now = Date.now();
    this.forgetEnded(now);
    if (this.tickets.size >= MAX_TICKETS) throw new AppError('rate_limited', { retryAfter: TICKET_SECONDS });
    const ticket = randomBytes(32).toString('base64url');
    this.tickets.set(ticket, { userId: id, sessionId, expiresAt, usableUntil: now + TICKET_SECONDS * 1000 });
    return ticket;
  }

  /** @throws AppError `not_authenticated` when it is unknown, used, or too old */
  redeem(ticket: string): AccessClaims {
    const claims = this.tickets.get(ticket);
    this.tickets.delete(ticket);
    if (!claims || claims.usableUntil <= Date.now()) throw new AppError('not_authenticated');
    return claims;
  }

  private forgetEnded(now: number): void {
    for (const [ticket, { usableUntil }] of this.tickets) {
      if (usableUntil > now) return;
      this.tickets.delete(ticket);
    }
  }
}
