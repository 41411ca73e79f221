import { Injectable, type OnModuleInit } from '@nestjs/common';
import { getRounds } from 'bcrypt';
import { Settings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { PASSWORD_MAX_BYTES } from '../protocol/limits.js';
import { HashThreads } from './hash-threads.js';

/** Seconds in which a queue of the default length is worked off, at the default cost. */
const RETRY_AFTER = 10;

/** Who comes first when hashes have to wait: people who have logged in from there before, or anybody. */
export type Lane = 'known' | 'anybody';

/**
 * bcrypt with the configured cost, never more than a few at a time. Whoever is known to have logged in from their
 * address before does not wait behind others: a flood of wrong passwords from many addresses keeps nobody out.
 */
@Injectable()
export class PasswordHasher implements OnModuleInit {
  private running = 0;
  private readonly waiting: Record<Lane, (() => void)[]> = { known: [], anybody: [] };
  private decoy = '';

  constructor(
    private readonly settings: Settings,
    private readonly threads: HashThreads,
  ) {}

  async onModuleInit(): Promise<void> {
    this.decoy = await this.hash('a password that nobody has');
  }

  /** Whether a hash would have to wait now. */
  get isBusy(): boolean {
    return this.running >= this.threads.count;
  }

  /** @throws AppError `rate_limited` when there is no place left to wait in */
  checkRoom(lane: Lane): void {
    if (this.waiting[lane].length < this.settings.limits.passwordsWaiting) return;
    throw new AppError('rate_limited', { retryAfter: RETRY_AFTER });
  }

  hash(password: string): Promise<string> {
    return this.inTurn('anybody', () => this.threads.hash(password, this.settings.bcryptCost));
  }

  /**
   * Whether the password belongs to the hash. Without a hash it takes as long and says no, so that the time
   * does not tell which usernames exist.
   */
  async matches(password: string, stored: string | undefined, lane: Lane): Promise<boolean> {
    const same = await this.inTurn(lane, () => this.threads.compare(password, stored ?? this.decoy));
    // bcrypt looks at 72 bytes only: what is longer was never anybody's password.
    return same && stored !== undefined && Buffer.byteLength(password) <= PASSWORD_MAX_BYTES;
  }

  /** Whether the hash was made when the configured cost was lower. */
  isOutdated(stored: string): boolean {
    return getRounds(stored) < this.settings.bcryptCost;
  }

  private async inTurn<T>(lane: Lane, work: () => Promise<T>): Promise<T> {
    this.checkRoom(lane);
    if (this.isBusy) await new Promise<void>((resolve) => this.waiting[lane].push(resolve));
    else this.running += 1;
    try {
      return await work();
    } finally {
      const next = this.waiting.known.shift() ?? this.waiting.anybody.shift();
      if (next) next();
      else this.running -= 1;
    }
  }
}
