import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type EntityManager } from 'typeorm';
import { AuditLog, type Actor } from '../audit/audit-log.js';
import { askableId } from '../database/columns.js';
import { foldName } from '../database/fold-name.js';
import { WriteQueue } from '../database/write-queue.js';
import { AppError } from '../errors/app-error.js';
import type { Role } from '../identity/authenticated-user.js';
import { CommonPasswords } from './common-passwords.js';
import { PasswordHasher } from './password-hasher.js';
import { User } from './user.entity.js';
import type { CreateUserDto } from './users.dto.js';

type Name = Pick<User, 'username' | 'email'>;

@Injectable()
export class UsersService {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly writes: WriteQueue,
    private readonly passwords: PasswordHasher,
    private readonly common: CommonPasswords,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Makes an account.
   *
   * @throws AppError `invalid_input` for a common password | `username_taken` | `email_taken`; of two that ask at once, one gets it
   */
  async create({ username, email, password }: CreateUserDto, role: Role = 'user'): Promise<User> {
    const passwordHash = await this.hashOf(password, { username, email }, 'password');
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

  /**
   * The active user with this name and password, or nobody. Takes the same time for either.
   *
   * @param isKnown whether they have logged in from where they are before; asked only when others wait as well
   * @throws AppError `rate_limited` when too many wait, before the account is looked up
   */
  async withPassword(
    username: string,
    password: string,
    isKnown: () => Promise<boolean>,
  ): Promise<User | undefined> {
    const lane = this.passwords.isBusy && (await isKnown()) ? 'known' : 'anybody';
    this.passwords.checkRoom(lane);
    const user = await this.users.findOneBy({ usernameKey: foldName(username), isActive: true });
    const matches = await this.passwords.matches(password, user?.passwordHash, lane);
    if (!matches || !user) return undefined;
    return this.passwords.isOutdated(user.passwordHash) ? this.renewHash(user, password) : user;
  }

  /**
   * The hash of a password that somebody chooses.
   *
   * @param field where it stands in the request
   * @throws AppError `invalid_input` for one that is among the first that an attacker would try
   */
  async hashOf(password: string, { username, email }: Name, field: string): Promise<string> {
    const isOwnName = [username, email].some((name) => foldName(name) === foldName(password));
    if (isOwnName || (await this.common.includes(password))) {
      throw new AppError('invalid_input', { errors: [{ field, message: `${field} is too easy to guess` }] });
    }
    return this.passwords.hash(password);
  }

  findByUsername(username: string): Promise<User | null> {
    return this.users.findOneBy({ usernameKey: foldName(username) });
  }

  /** @throws AppError `user_not_found` */
  async get(id: number): Promise<User> {
    const user = await this.users.findOneBy({ id: askableId(id) });
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

  /** The cost has been raised since: only now is the password known. One that was changed meanwhile stays. */
  private async renewHash(user: User, password: string): Promise<User> {
    const { id, passwordHash } = user;
    const renewed = await this.passwords.hash(password);
    const { affected } = await this.writes.run((manager) =>
      manager.update(User, { id, passwordHash }, { passwordHash: renewed }),
    );
    return affected === 0 ? user : { ...user, passwordHash: renewed };
  }
}
