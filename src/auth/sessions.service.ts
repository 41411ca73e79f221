import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { randomUUID } from 'node:crypto';
import { IsNull, MoreThan, Repository, type EntityManager } from 'typeorm';
import type { Actor } from '../audit/audit-log.js';
import { SecurityLog } from '../audit/security-log.js';
import { Settings } from '../config/settings.js';
import { BatchedRead } from '../database/batched-read.js';
import { BoundValues } from '../database/bound-values.js';
import { ReadTurns } from '../database/read-turns.js';
import { WriteQueue } from '../database/write-queue.js';
import { AppError } from '../errors/app-error.js';
import type { AuthenticatedUser, Role } from '../identity/authenticated-user.js';
import type { ClientOrigin } from '../identity/client-origin.js';
import { User } from '../users/user.entity.js';
import type { AccessClaims } from './access-claims.js';
import { RefreshTokens } from './refresh-tokens.js';
import { SessionEndings, type Ended } from './session-endings.js';
import { Session } from './session.entity.js';

const DAY = 24 * 60 * 60 * 1000;
/** Sessions in one list. A program that logs in for each request has more than anybody reads. */
export const LISTED_SESSIONS = 100;

export interface Grant {
  readonly userId: number;
  readonly sessionId: string;
  readonly refreshToken: string;
}

/** Somebody as they were when their password was looked at. */
type ProvedUser = Pick<User, 'id' | 'passwordHash'>;

interface Rotation {
  readonly id: string;
  readonly shown: string;
  readonly next: string;
}

/** A session that goes on, and who it is of. */
interface LiveSession {
  readonly id: string;
  readonly user_id: number;
  readonly username: string;
  readonly role: Role;
}

/** Logins. A refresh token works once; the second use of one means that it was stolen, and ends the session. */
@Injectable()
export class SessionsService {
  private readonly live: BatchedRead<string, LiveSession | undefined>;

  constructor(
    @InjectRepository(Session) private readonly sessions: Repository<Session>,
    private readonly writes: WriteQueue,
    private readonly refreshTokens: RefreshTokens,
    private readonly endings: SessionEndings,
    private readonly security: SecurityLog,
    private readonly settings: Settings,
    turns: ReadTurns,
  ) {
    this.live = new BatchedRead(turns, (ids) => readLive(sessions.manager, ids));
  }

  /**
   * Begins a session for somebody whose password was proved.
   *
   * @returns nothing when the password has changed since, or the account was closed: then it proves nothing any more
   */
  async begin(user: ProvedUser, { address, userAgent }: ClientOrigin): Promise<Grant | undefined> {
    const id = randomUUID();
    const refreshToken = this.refreshTokens.make(id);
    const isBegun = await this.writes.alone({ user: user.id }, async (manager) => {
      const proved = { id: user.id, passwordHash: user.passwordHash, isActive: true };
      if (!(await manager.existsBy(User, proved))) return false;
      const now = Date.now();
      await manager.insert(Session, {
        id,
        userId: user.id,
        refreshHash: this.refreshTokens.digest(refreshToken),
        createdAt: now,
        lastUsedAt: now,
        expiresAt: now + this.lifetime,
        endedAt: null,
        address,
        userAgent,
      });
      return true;
    });
    return isBegun ? { userId: user.id, sessionId: id, refreshToken } : undefined;
  }

  /**
   * The next pair, for the newest refresh token of a session.
   *
   * @throws AppError `not_authenticated` when the token is unknown, used before, or of an ended session
   */
  async refresh(refreshToken: string, origin: ClientOrigin): Promise<Grant> {
    const id = this.refreshTokens.sessionOf(refreshToken);
    if (id === undefined) throw new AppError('not_authenticated');
    const next = this.refreshTokens.make(id);
    const rotated = await this.writes.alone({ session: id }, (manager) =>
      this.rotate(manager, { id, shown: refreshToken, next }, origin),
    );
    if (rotated === undefined) throw new AppError('not_authenticated');
    if ('ids' in rotated) {
      this.security.tell('refresh_token_reused', origin, { user_id: rotated.userId });
      this.endings.follow(serverItself(origin), rotated);
      throw new AppError('not_authenticated');
    }
    return { userId: rotated.userId, sessionId: id, refreshToken: next };
  }

  /** The user's sessions that go on, the ones used last first. */
  list({ id }: AuthenticatedUser): Promise<Session[]> {
    return this.sessions.find({
      where: { userId: id, endedAt: IsNull(), expiresAt: MoreThan(Date.now()) },
      order: { lastUsedAt: 'DESC', createdAt: 'DESC' },
      take: LISTED_SESSIONS,
    });
  }

  /**
   * The user behind a token, if its session goes on. Asked for every request and handshake, so that an end
   * and a new role count at once.
   *
   * @throws AppError `not_authenticated`
   */
  async userOf(
    { userId, sessionId, expiresAt }: AccessClaims,
    origin: ClientOrigin,
  ): Promise<AuthenticatedUser> {
    const live = await this.live.ask(sessionId);
    if (live?.user_id !== userId) throw new AppError('not_authenticated');
    return { id: userId, username: live.username, role: live.role, sessionId, expiresAt, origin };
  }

  private get lifetime(): number {
    return this.settings.refreshTokenDays * DAY;
  }

  /** Nothing for a session that is over. A token that is ours, but not the newest, ends it. */
  private async rotate(
    manager: EntityManager,
    { id, shown, next }: Rotation,
    origin: ClientOrigin,
  ): Promise<Session | Ended | undefined> {
    const session = await manager.findOneBy(Session, { id, endedAt: IsNull(), user: { isActive: true } });
    const now = Date.now();
    if (!session || session.expiresAt <= now) return undefined;
    if (session.refreshHash !== this.refreshTokens.digest(shown)) {
      return this.endings.markOne(manager, serverItself(origin), session, 'refresh_token_reused');
    }
    await manager.update(
      Session,
      { id },
      {
        refreshHash: this.refreshTokens.digest(next),
        lastUsedAt: now,
        expiresAt: now + this.lifetime,
        address: origin.address,
        userAgent: origin.userAgent,
      },
    );
    return session;
  }
}

/** Two people may have shown the token, and nobody knows which of them was right. */
function serverItself(origin: ClientOrigin): Actor {
  return { id: null, username: 'the server', origin };
}

/** For each id the session, unless it has ended. Plain rows: it is asked for every request. */
async function readLive(
  manager: EntityManager,
  ids: readonly string[],
): Promise<(LiveSession | undefined)[]> {
  const bound = new BoundValues(manager, ids.length);
  const rows = await manager.query<LiveSession[]>(
    `SELECT sessions.id, sessions.user_id, users.username, users.role
     FROM sessions JOIN users ON users.id = sessions.user_id
     WHERE sessions.id IN (${ids.map((id) => bound.text(id)).join(', ')}) AND sessions.ended_at IS NULL AND users.is_active = TRUE`,
    bound.values,
  );
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id));
}
