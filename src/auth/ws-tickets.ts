import { createHash, randomBytes } from 'node:crypto';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import type { AccessClaims } from './access-claims.js';

/** Unused tickets of all users together; each lives half a minute at most. */
export const MAX_TICKETS = 100_000;

export interface Ticket extends AccessClaims {
  /** Milliseconds since the epoch. */
  readonly usableUntil: number;
}

/** Tickets that open one socket each, on whichever node, so that a page needs no token in a URL. */
export abstract class WsTickets {
  /** @throws AppError `rate_limited` when too many are unused */
  abstract issue(user: AuthenticatedUser): Promise<string>;

  /**
   * Uses a ticket up: of all who show the same one, at the same moment too, one gets an answer.
   *
   * @throws AppError `not_authenticated` when it is unknown, used, or too old
   */
  abstract redeem(ticket: string): Promise<AccessClaims>;
}

/** 256 random bits: nobody guesses a ticket. */
export function newTicket(): string {
  return randomBytes(32).toString('base64url');
}

/** What is kept of a ticket, in hex. Who reads it cannot enter with it. */
export function digestOf(ticket: string): string {
  return createHash('sha256').update(ticket).digest('hex');
}
