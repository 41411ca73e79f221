import { AppError } from '../errors/app-error.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { TICKET_SECONDS } from '../protocol/limits.js';
import type { AccessClaims } from './access-claims.js';
import { digestOf, MAX_TICKETS, newTicket, WsTickets, type Ticket } from './ws-tickets.js';

/** The tickets of a single node. They live in memory: a restart costs a page one more request. */
export class MemoryTickets extends WsTickets {
  /** By digest, in the order in which they end, because all live equally long. */
  private readonly tickets = new Map<string, Ticket>();

  constructor(private readonly most = MAX_TICKETS) {
    super();
  }

  override async issue({ id, sessionId, expiresAt }: AuthenticatedUser): Promise<string> {
    const now = Date.now();
    this.forgetEnded(now);
    if (this.tickets.size >= this.most) throw new AppError('rate_limited', { retryAfter: TICKET_SECONDS });
    const ticket = newTicket();
    const usableUntil = now + TICKET_SECONDS * 1_000;
    this.tickets.set(digestOf(ticket), { userId: id, sessionId, expiresAt, usableUntil });
    return ticket;
  }

  override async redeem(ticket: string): Promise<AccessClaims> {
    const digest = digestOf(ticket);
    const claims = this.tickets.get(digest);
    this.tickets.delete(digest);
    if (!claims || claims.usableUntil <= Date.now()) throw new AppError('not_authenticated');
    return claims;
  }

  private forgetEnded(now: number): void {
    for (const [digest, { usableUntil }] of this.tickets) {
      if (usableUntil > now) return;
      this.tickets.delete(digest);
    }
  }
}
