import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Broker } from '../connections/broker/broker.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { LostEnvelopes } from '../connections/lost-envelopes.js';
import { userTopic } from '../connections/topics.js';
import { AppError } from '../errors/app-error.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { SessionsService } from './sessions.service.js';

/** Finds sockets whose session has ended, when the command that says so was lost on its way. */
@Injectable()
export class SessionRights implements OnModuleInit {
  constructor(
    private readonly lost: LostEnvelopes,
    private readonly registry: ConnectionRegistry,
    private readonly sessions: SessionsService,
    private readonly broker: Broker,
  ) {}

  onModuleInit(): void {
    this.lost.alsoCheck(
      () => this.holders(),
      (user) => this.check(user),
    );
  }

  private holders(): AuthenticatedUser[] {
    const users = new Map<string, AuthenticatedUser>();
    for (const { user } of this.registry.connections) if (user) users.set(user.sessionId, user);
    return [...users.values()];
  }

  private async check(user: AuthenticatedUser): Promise<void> {
    try {
      await this.sessions.userOf({ ...user, userId: user.id }, user.origin);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'not_authenticated') throw error;
      const { id: userId, sessionId } = user;
      this.broker.offer({ kind: 'disconnect', topic: userTopic(userId), userId, sessionIds: [sessionId] });
    }
  }
}
