import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type EntityManager } from 'typeorm';
import { AuditLog, type Actor } from '../audit/audit-log.js';
import { foldName } from '../database/fold-name.js';
import { WriteQueue } from '../database/write-queue.js';
import { AppError } from '../errors/app-error.js';
import type { Role } from '../identity/authenticated-user.js';
import { PasswordHasher } from './password-hasher.js';
import { User } from './user.entity.js';
import type { CreateUserDto } from './users.dto.js';

@Injectable()
export class UsersService {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly writes: WriteQueue,
    private readonly passwords: PasswordHasher,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Makes an account.
   *
   * @throws AppError `username_taken` | `email_taken`; of two that ask at once, one gets it
   */
  async create({ username, email, password }: CreateUserDto, role: Role = 'user'): Promise<User> {
    const passwordHash = await this.hashOf(password);
    const keys = { usernameKey: foldName(username), emailKey: foldName(email) };
    const account = { username, email, passwordHash, role, isActive: true, createdAt: Date.now(), ...keys };
    return this.writes.run(async (manager) => {
      const taken = await manager.findBy(User, [
        { usernameKey: keys.usernameKey },
        { emailKey: keys.emailKey },
      ]);
      if (taken.some((user) => user.usernameKey === keys.usernameKey)) throw new AppError('username_taken');
      if (taken.length > 0) throw new AppError('email_taken');
      const user = manager.create(User, account);
      await manager.insert(User, user);
      return user;
    });
  }

  /** What is stored of a new password. */
  hashOf(password: string): Promise<string> {
    return this.passwords.hash(password);
  }

  /**
   * Stores another password for the one that was just proved. Of two that change it at once one does: the
   * password of the other is the current one no longer.
   *
   * @throws AppError `wrong_password`
   */
  async replacePassword(
    manager: EntityManager,
    actor: Actor,
    { id, passwordHash: proved }: User,
    passwordHash: string,
  ): Promise<void> {
    const current = { id, passwordHash: proved };
    if (!(await manager.existsBy(User, current))) throw new AppError('wrong_password');
    await manager.update(User, current, { passwordHash });
    await this.audit.record(manager, actor, { action: 'password_changed', userId: id });
  }

  /** The active user with this name and password, or nobody. Takes the same time for either. */
  async withPassword(username: string, password: string): Promise<User | undefined> {
    const user = await this.users.findOneBy({ usernameKey: foldName(username), isActive: true });
    const matches = await this.passwords.matches(password, user?.passwordHash);
    return matches ? (user ?? undefined) : undefined;
  }

  findByUsername(username: string): Promise<User | null> {
    return this.users.findOneBy({ usernameKey: foldName(username) });
  }

  /** @throws AppError `user_not_found` */
  async get(id: number): Promise<User> {
    const user = await this.users.findOneBy({ id });
    if (!user) throw new AppError('user_not_found');
    return user;
  }

  /** Counts from the next request on, and for sockets from their next handshake. */
  async setRole(actor: Actor, id: number, role: Role): Promise<void> {
    await this.writes.run(async (manager) => {
      await manager.update(User, { id }, { role });
      await this.audit.record(manager, actor, { action: 'system_role_changed', userId: id, facts: { role } });
    });
  }
}
