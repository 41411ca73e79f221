import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { randomUUID } from 'node:crypto';
import { IsNull, Repository, type EntityManager } from 'typeorm';
import { Settings } from '../config/settings.js';
import { Broker } from '../connections/broker/broker.js';
import type { ClientOrigin } from '../identity/client-origin.js';
import { userTopic } from '../connections/topics.js';
import { BatchedRead } from '../database/batched-read.js';
import { BoundValues } from '../database/bound-values.js';
import { foldName } from '../database/fold-name.js';
import { ReadTurns } from '../database/read-turns.js';
import { WriteQueue } from '../database/write-queue.js';
import { AppError } from '../errors/app-error.js';
import type { AuthenticatedUser, Role } from '../identity/authenticated-user.js';
import type { AccessClaims } from './access-claims.js';
import { RefreshTokens } from './refresh-tokens.js';
import { Session } from './session.entity.js';

const DAY = 24 * 60 * 60 * 1000;

export interface Grant {
  readonly userId: number;
  readonly sessionId: string;
  readonly refreshToken: string;
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
    private readonly broker: Broker,
    private readonly settings: Settings,
    turns: ReadTurns,
  ) {
    this.live = new BatchedRead(turns, (ids) => readLive(sessions.manager, ids));
  }

  async begin(userId: number, { address, userAgent }: ClientOrigin): Promise<Grant> {
    const id = randomUUID();
    const refreshToken = this.refreshTokens.make(id);
    const now = Date.now();
    await this.writes.run((manager) =>
      manager.insert(Session, {
        id,
        userId,
        refreshHash: this.refreshTokens.digest(refreshToken),
        createdAt: now,
        lastUsedAt: now,
        expiresAt: now + this.lifetime,
        endedAt: null,
        address,
        userAgent,
      }),
    );
    return { userId, sessionId: id, refreshToken };
  }

  /** @throws AppError `not_authenticated` when the token is unknown, used before, or of an ended session */
  async refresh(refreshToken: string): Promise<Grant> {
    const id = this.refreshTokens.sessionOf(refreshToken);
    if (id === undefined) throw new AppError('not_authenticated');
    const next = this.refreshTokens.make(id);
    const rotated = await this.writes.run((manager) => this.rotate(manager, id, refreshToken, next));
    if (rotated?.isEnded) this.cutSockets(rotated.session);
    if (!rotated || rotated.isEnded) throw new AppError('not_authenticated');
    return { userId: rotated.session.userId, sessionId: id, refreshToken: next };
  }

  /** Ends a session: its tokens are refused and its sockets closed from now on. */
  async end(user: AuthenticatedUser): Promise<void> {
    await this.writes.run((manager) =>
      manager.update(Session, { id: user.sessionId, endedAt: IsNull() }, { endedAt: Date.now() }),
    );
    this.cutSockets({ id: user.sessionId, userId: user.id });
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

  /** Whether a session of this user, ended or not, was begun at the address. */
  haveBegunAt(username: string, address: string): Promise<boolean> {
    const user = { usernameKey: foldName(username) };
    return this.sessions.existsBy({ address, user });
  }

  private get lifetime(): number {
    return this.settings.refreshTokenDays * DAY;
  }

  /** Nothing for a session that is over. A token that is ours, but not the newest, ends it. */
  private async rotate(manager: EntityManager, id: string, shown: string, next: string) {
    const session = await manager.findOneBy(Session, { id, endedAt: IsNull(), user: { isActive: true } });
    const now = Date.now();
    if (!session || session.expiresAt <= now) return undefined;
    const isNewest = session.refreshHash === this.refreshTokens.digest(shown);
    const renewed = {
      refreshHash: this.refreshTokens.digest(next),
      lastUsedAt: now,
      expiresAt: now + this.lifetime,
    };
    await manager.update(Session, { id }, isNewest ? renewed : { endedAt: now });
    return { session, isEnded: !isNewest };
  }

  private cutSockets({ id, userId }: { id: string; userId: number }): void {
    this.broker.publish({ kind: 'disconnect', topic: userTopic(userId), userId, sessionId: id });
  }
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
