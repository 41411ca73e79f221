import type { PostgresWriteQueue } from '../database/postgres-write-queue.js';
import { AppError } from '../errors/app-error.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { TICKET_SECONDS } from '../protocol/limits.js';
import type { AccessClaims } from './access-claims.js';
import { digestOf, MAX_TICKETS, newTicket, WsTickets } from './ws-tickets.js';

/** Milliseconds between two looks at all tickets, by each node that makes some. */
const LOOK_EVERY = 5_000;
/** Tickets whose time is over that one look removes. */
const SWEPT = 1_000;

interface Redeemed {
  readonly user_id: number;
  readonly session_id: string;
  readonly expires_at: number;
  readonly usable_until: number;
}

interface Look {
  readonly usable: number;
  readonly swept: number;
}

const ISSUE = `INSERT INTO ws_tickets (digest, user_id, session_id, expires_at, usable_until)
  VALUES ($1, $2, $3, $4, $5) ON CONFLICT (digest) DO NOTHING`;

/** Whoever asks for a row that another one is about to delete waits, and then finds none. */
const REDEEM = `WITH used AS (
    DELETE FROM ws_tickets WHERE digest = $1 RETURNING user_id, session_id, expires_at, usable_until
  )
  SELECT * FROM used`;

/** Nodes that sweep at the same moment take different rows. */
const LOOK = `WITH swept AS (
    DELETE FROM ws_tickets WHERE digest IN (
      SELECT digest FROM ws_tickets WHERE usable_until <= $1 LIMIT ${SWEPT} FOR UPDATE SKIP LOCKED
    ) RETURNING digest
  )
  SELECT (SELECT count(*) FROM ws_tickets WHERE usable_until > $1) AS usable, (SELECT count(*) FROM swept) AS swept`;

/**
 * The tickets of several nodes, in PostgreSQL: bought on one of them, used on another. Each step is one statement, whose
 * answer, when it was lost, can be asked for again: at worst a ticket is gone that nobody has entered with.
 *
 * All unused tickets are counted now and then, so that there may be a few more than the bound: those that other
 * nodes have made since.
 */
export class StoredTickets extends WsTickets {
  /** By a clock that nobody sets. */
  private lookedAt = -Infinity;
  private looking: Promise<void> | undefined;
  /** As of the last look, with those that this node has made since, and without those that were used here. */
  private unused = 0;

  constructor(
    private readonly writes: PostgresWriteQueue,
    private readonly most = MAX_TICKETS,
  ) {
    super();
  }

  override async issue({ id, sessionId, expiresAt }: AuthenticatedUser): Promise<string> {
    const now = Date.now();
    if (performance.now() >= this.lookedAt + LOOK_EVERY) await this.look(now);
    if (this.unused >= this.most) throw new AppError('rate_limited', { retryAfter: TICKET_SECONDS });
    this.unused += 1;
    const ticket = newTicket();
    const usableUntil = now + TICKET_SECONDS * 1_000;
    await this.writes.call(ISSUE, [digestOf(ticket), id, sessionId, expiresAt, usableUntil]);
    return ticket;
  }

  override async redeem(ticket: string): Promise<AccessClaims> {
    const [found] = await this.writes.call<Redeemed>(REDEEM, [digestOf(ticket)]);
    if (found) this.unused = Math.max(0, this.unused - 1);
    if (!found || found.usable_until <= Date.now()) throw new AppError('not_authenticated');
    return { userId: found.user_id, sessionId: found.session_id, expiresAt: found.expires_at };
  }

  /** Those who ask at once share one look. */
  private look(now: number): Promise<void> {
    this.looking ??= this.lookOnce(now).finally(() => (this.looking = undefined));
    return this.looking;
  }

  private async lookOnce(now: number): Promise<void> {
    const [look] = await this.writes.call<Look>(LOOK, [now]);
    if (!look) return;
    this.unused = look.usable;
    // There may be more to remove: the next ticket pays for it.
    this.lookedAt = look.swept < SWEPT ? performance.now() : -Infinity;
  }
}
