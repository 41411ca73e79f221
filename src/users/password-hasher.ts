import { Injectable, type OnModuleInit } from '@nestjs/common';
import { compare, getRounds, hash } from 'bcrypt';
import { Settings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { PASSWORD_MAX_BYTES } from '../protocol/limits.js';

/** Hashes at once. bcrypt runs on the same four threads as SQLite, which must not wait for all of them. */
const AT_ONCE = 2;
/** Seconds in which a queue of the default length is worked off, at the default cost. */
const RETRY_AFTER = 10;

/** bcrypt with the configured cost, never more than a few at a time. */
@Injectable()
export class PasswordHasher implements OnModuleInit {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  private decoy = '';

  constructor(private readonly settings: Settings) {}

  async onModuleInit(): Promise<void> {
    this.decoy = await this.hash('a password that nobody has');
  }

  hash(password: string): Promise<string> {
    return this.inTurn(() => hash(password, this.settings.bcryptCost));
  }

  /**
   * Whether the password belongs to the hash. Without a hash it takes as long and says no, so that the time
   * does not tell which usernames exist.
   */
  async matches(password: string, stored: string | undefined): Promise<boolean> {
    const same = await this.inTurn(() => compare(password, stored ?? this.decoy));
    // bcrypt looks at 72 bytes only: what is longer was never anybody's password.
    return same && stored !== undefined && Buffer.byteLength(password) <= PASSWORD_MAX_BYTES;
  }

  /** Whether the hash was made when the configured cost was lower. */
  isOutdated(stored: string): boolean {
    return getRounds(stored) < this.settings.bcryptCost;
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.waiting.length >= this.settings.limits.passwordsWaiting)
      throw new AppError('rate_limited', { retryAfter: RETRY_AFTER });
    if (this.running >= AT_ONCE) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running += 1;
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }
}
