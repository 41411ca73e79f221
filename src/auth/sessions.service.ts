import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { IsNull, Repository, type EntityManager } from 'typeorm';
import { Settings } from '../config/settings.js';
import { Broker } from '../connections/broker/broker.js';
import { userTopic } from '../connections/topics.js';
import { WriteQueue } from '../database/write-queue.js';
import { AppError } from '../errors/app-error.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import type { AccessClaims } from './access-tokens.js';
import { Session } from './session.entity.js';

const DAY = 24 * 60 * 60 * 1000;
/** Bits of a refresh token that nobody can guess: 256. */
const REFRESH_BYTES = 32;

/** From where a login came. */
export interface Origin {
  readonly address: string;
  readonly userAgent: string;
}

export interface Grant {
  readonly userId: number;
  readonly sessionId: string;
  readonly refreshToken: string;
}

/** Logins. A refresh token works once; the second use of one means that it was stolen, and ends the session. */
@Injectable()
export class SessionsService {
  constructor(
    @InjectRepository(Session) private readonly sessions: Repository<Session>,
    private readonly writes: WriteQueue,
    private readonly broker: Broker,
    private readonly settings: Settings,
  ) {}

  async begin(userId: number, { address, userAgent }: Origin): Promise<Grant> {
    const refreshToken = newRefreshToken();
    const id = randomUUID();
    const now = Date.now();
    await this.writes.run((manager) =>
      manager.insert(Session, {
        id,
        userId,
        refreshHash: digest(refreshToken),
        previousRefreshHash: null,
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
    const hash = digest(refreshToken);
    const next = newRefreshToken();
    const outcome = await this.writes.run((manager) => this.rotate(manager, hash, digest(next)));
    if (outcome === undefined) throw new AppError('not_authenticated');
    if (outcome.reused) {
      this.cutSockets(outcome.session);
      throw new AppError('not_authenticated');
    }
    return { userId: outcome.session.userId, sessionId: outcome.session.id, refreshToken: next };
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
  async userOf({ userId, sessionId, expiresAt }: AccessClaims): Promise<AuthenticatedUser> {
    const session = await this.sessions.findOne({
      where: { id: sessionId, userId, endedAt: IsNull(), user: { isActive: true } },
      relations: { user: true },
    });
    if (!session?.user) throw new AppError('not_authenticated');
    const { username, role } = session.user;
    return { id: userId, username, role, sessionId, expiresAt };
  }

  private get lifetime(): number {
    return this.settings.refreshTokenDays * DAY;
  }

  private async rotate(manager: EntityManager, hash: string, nextHash: string) {
    const live = { endedAt: IsNull(), user: { isActive: true } };
    const now = Date.now();
    const session = await manager.findOneBy(Session, { refreshHash: hash, ...live });
    if (session && session.expiresAt > now) {
      const changes = {
        refreshHash: nextHash,
        previousRefreshHash: hash,
        lastUsedAt: now,
        expiresAt: now + this.lifetime,
      };
      await manager.update(Session, { id: session.id }, changes);
      return { session, reused: false };
    }
    const stolen = await manager.findOneBy(Session, { previousRefreshHash: hash, endedAt: IsNull() });
    if (!stolen) return undefined;
    await manager.update(Session, { id: stolen.id }, { endedAt: now });
    return { session: stolen, reused: true };
  }

  private cutSockets({ id, userId }: { id: string; userId: number }): void {
    this.broker.publish({ kind: 'disconnect', topic: userTopic(userId), userId, sessionId: id });
  }
}

function newRefreshToken(): string {
  return randomBytes(REFRESH_BYTES).toString('base64url');
}

/** SHA-256 is enough for what has 256 random bits; a slow hash guards what people choose. */
function digest(refreshToken: string): string {
  return createHash('sha256').update(refreshToken).digest('hex');
}
