import { Injectable } from '@nestjs/common';
import { IsNull, Not, type EntityManager, type FindOptionsWhere } from 'typeorm';
import { AuditLog, type Actor } from '../audit/audit-log.js';
import { SecurityLog } from '../audit/security-log.js';
import { Broker } from '../connections/broker/broker.js';
import { userTopic } from '../connections/topics.js';
import { WriteQueue } from '../database/write-queue.js';
import { AppError } from '../errors/app-error.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { Session } from './session.entity.js';

/** RFC 9562. */
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Why sessions ended, as the security log says it. */
export type EndReason = 'log_out' | 'ended_by_user' | 'password_changed' | 'refresh_token_reused';

/** Sessions of one user that have just ended. */
export interface Ended {
  readonly userId: number;
  readonly ids: readonly string[];
  readonly reason: EndReason;
}

/**
 * The ends of sessions. Each is marked in a transaction, and followed once that is committed: from the commit on
 * tokens, refresh tokens and tickets are refused; then sockets close, handshakes under way included.
 */
@Injectable()
export class SessionEndings {
  constructor(
    private readonly writes: WriteQueue,
    private readonly broker: Broker,
    private readonly audit: AuditLog,
    private readonly security: SecurityLog,
  ) {}

  /** Ends the session of the token itself. Harmless when it has ended meanwhile. */
  async logOut(user: AuthenticatedUser): Promise<void> {
    await this.endOne(user, user.sessionId, 'log_out');
  }

  /** @throws AppError `session_not_found`, for one of somebody else too: ids tell nothing */
  async endOwn(user: AuthenticatedUser, id: string): Promise<void> {
    // No id of a session is anything else, and not every text can be asked for in PostgreSQL.
    if (!UUID.test(id)) throw new AppError('session_not_found');
    const ended = await this.endOne(user, id, 'ended_by_user');
    if (ended.ids.length === 0) throw new AppError('session_not_found');
  }

  /**
   * Ends all sessions of the user, in one transaction and with one envelope.
   *
   * @returns how many have ended
   */
  async endAll(user: AuthenticatedUser, { keepCurrent }: { keepCurrent: boolean }): Promise<number> {
    const ended = await this.writes.alone({ user: user.id }, async (manager) => {
      const reason = 'ended_by_user';
      const sessions = keepCurrent
        ? await this.markOthers(manager, user, reason)
        : await this.mark(manager, { userId: user.id }, user.id, reason);
      const facts = { count: sessions.ids.length, kept_current: keepCurrent ? 'yes' : 'no' };
      await this.audit.record(manager, user, { action: 'sessions_ended', userId: user.id, facts });
      return sessions;
    });
    this.follow(user, ended);
    return ended.ids.length;
  }

  /** Marks all but the caller's own session as ended. To be followed after the commit. */
  markOthers(manager: EntityManager, user: AuthenticatedUser, reason: EndReason): Promise<Ended> {
    return this.mark(manager, { userId: user.id, id: Not(user.sessionId) }, user.id, reason);
  }

  /** Marks one session as ended, and writes down whose deed it was. To be followed after the commit. */
  async markOne(
    manager: EntityManager,
    actor: Actor,
    { userId, id }: { userId: number; id: string },
    reason: EndReason,
  ): Promise<Ended> {
    const ended = await this.mark(manager, { userId, id }, userId, reason);
    if (ended.ids.length > 0) {
      const facts = { session_id: id, reason };
      await this.audit.record(manager, actor, { action: 'session_ended', userId, facts });
    }
    return ended;
  }

  /** Cuts the sockets of sessions whose end is committed, and tells those who watch the server. */
  follow({ origin }: Actor, { userId, ids, reason }: Ended): void {
    if (ids.length === 0) return;
    this.broker.publish({ kind: 'disconnect', topic: userTopic(userId), userId, sessionIds: ids });
    this.security.tell('session_ended', origin, { user_id: userId, count: ids.length, reason });
  }

  private async endOne(user: AuthenticatedUser, id: string, reason: EndReason): Promise<Ended> {
    const which = { userId: user.id, id };
    const ended = await this.writes.alone({ user: user.id }, (manager) =>
      this.markOne(manager, user, which, reason),
    );
    this.follow(user, ended);
    return ended;
  }

  private async mark(
    manager: EntityManager,
    which: FindOptionsWhere<Session>,
    userId: number,
    reason: EndReason,
  ): Promise<Ended> {
    const live = { ...which, endedAt: IsNull() };
    const sessions = await manager.find(Session, { select: { id: true }, where: live });
    if (sessions.length > 0) await manager.update(Session, live, { endedAt: Date.now() });
    return { userId, ids: sessions.map(({ id }) => id), reason };
  }
}
