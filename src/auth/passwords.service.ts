import { Injectable } from '@nestjs/common';
import { SecurityLog } from '../audit/security-log.js';
import { WriteQueue } from '../database/write-queue.js';
import { AppError } from '../errors/app-error.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { PasswordProof } from './password-proof.js';
import type { ChangePasswordDto } from './passwords.dto.js';
import { SessionEndings } from './session-endings.js';

/** Passwords of people who have a session already. */
@Injectable()
export class PasswordsService {
  constructor(
    private readonly users: UsersService,
    private readonly proof: PasswordProof,
    private readonly endings: SessionEndings,
    private readonly writes: WriteQueue,
    private readonly security: SecurityLog,
  ) {}

  /**
   * Gives the user another password and ends all sessions but the one that asks: whoever else knew the old one
   * is out, in the same transaction.
   *
   * @throws AppError `wrong_password` | `rate_limited`, or what hashing throws
   */
  async change(user: AuthenticatedUser, draft: ChangePasswordDto): Promise<void> {
    const account = await this.prove(user, draft.current_password);
    const passwordHash = await this.users.hashOf(draft.new_password, account, 'new_password');
    const ended = await this.writes.alone({ user: user.id }, async (manager) => {
      await this.users.replacePassword(manager, user, account, passwordHash);
      return this.endings.markOthers(manager, user, 'password_changed');
    });
    this.endings.follow(user, ended);
    this.security.tell('password_changed', user.origin, { user_id: user.id });
  }

  /** A stolen token gives as many guesses at the password as this does: it is as good as a log-in. */
  private async prove(user: AuthenticatedUser, password: string): Promise<User> {
    const account = await this.proof.prove(user.username, password, user.origin, 'password_change');
    if (account?.id === user.id) return account;
    throw new AppError('wrong_password');
  }
}
