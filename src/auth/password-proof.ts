import { Injectable } from '@nestjs/common';
import { SecurityLog } from '../audit/security-log.js';
import type { ClientOrigin } from '../identity/client-origin.js';
import type { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { KnownAddresses } from './known-addresses.js';
import { LogInThrottle } from './log-in-throttle.js';

/** The one place where a password is proved, whoever asks for it: so guesses are slowed down wherever they are made. */
@Injectable()
export class PasswordProof {
  constructor(
    private readonly users: UsersService,
    private readonly known: KnownAddresses,
    private readonly throttle: LogInThrottle,
    private readonly security: SecurityLog,
  ) {}

  /**
   * The user with this name and password, or nobody.
   *
   * @param at what the password was asked for, for the log
   * @throws AppError `rate_limited`
   */
  async prove(
    username: string,
    password: string,
    origin: ClientOrigin,
    at: string,
  ): Promise<User | undefined> {
    let known: Promise<boolean> | undefined;
    const isKnown = () => (known ??= this.known.includes(username, origin.address));
    const attempt = await this.throttle.begin(username, origin, isKnown);
    const user = await this.users.withPassword(username, password, isKnown);
    if (user) this.throttle.succeeded(attempt);
    else this.security.tell('log_in_failed', origin, { at });
    return user;
  }
}
