import { Injectable } from '@nestjs/common';
import { SecurityLog } from '../audit/security-log.js';
import { Settings } from '../config/settings.js';
import { foldName } from '../database/fold-name.js';
import { AppError } from '../errors/app-error.js';
import { networkOf, type ClientOrigin } from '../identity/client-origin.js';
import { GrowingWaits } from './growing-waits.js';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
/**
 * So many times what one address may fail, an account has failed in an hour, from wherever: it is under attack,
 * and each address has one try instead of a few.
 */
const UNDER_ATTACK = 4;

/** An attempt to log in, or to show the current password again. */
export interface Attempt {
  readonly account: string;
  readonly address: string;
}

/**
 * Slows down whoever guesses passwords (OWASP ASVS 5, 6.3.1). Waits belong to an account *at* an address, and to
 * an address: so that a stranger who fails on purpose makes nobody wait but themselves, while many addresses that
 * guess at one account get one try each.
 *
 * An attempt counts as a failure from its beginning, or a hundred at once would all be listened to. Names that
 * nobody has are treated like others: a wait does not tell who exists.
 */
@Injectable()
export class LogInThrottle {
  private readonly accounts: GrowingWaits;
  private readonly addresses: GrowingWaits;
  private readonly pairs: GrowingWaits;
  private readonly suspicious: number;

  constructor(
    settings: Settings,
    private readonly security: SecurityLog,
  ) {
    const { failures, failuresPerAddress, longestWait } = settings.logIn;
    const rule = { first: SECOND, longest: longestWait, memory: HOUR };
    this.suspicious = failures * UNDER_ATTACK;
    this.pairs = new GrowingWaits({ ...rule, patience: failures });
    this.addresses = new GrowingWaits({ ...rule, patience: failuresPerAddress });
    // Only counted: an account of its own never waits.
    this.accounts = new GrowingWaits({ ...rule, patience: Infinity });
  }

  /**
   * @param isKnown whether the account has logged in from this address before: then it does not wait for what
   *   others behind the same address have done. Asked only when that matters.
   * @throws AppError `rate_limited` with the seconds to wait, before anything is hashed
   */
  async begin(username: string, origin: ClientOrigin, isKnown: () => Promise<boolean>): Promise<Attempt> {
    const now = performance.now();
    const attempt = { account: foldName(username), address: networkOf(origin.address) };
    const { account, address } = attempt;
    const own = this.pairs.left(pairOf(attempt), now);
    const shared = this.addresses.left(address, now);
    if (own > 0) this.refuse(own, origin, 'account');
    if (shared > 0 && !(await isKnown())) this.refuse(shared, origin, 'address');
    const isAttacked = this.accounts.count(account, now) >= this.suspicious;
    this.pairs.fail(pairOf(attempt), now, isAttacked ? 1 : undefined);
    this.addresses.fail(address, now);
    this.accounts.fail(account, now);
    return attempt;
  }

  succeeded(attempt: Attempt): void {
    this.pairs.forget(pairOf(attempt));
    this.addresses.takeBack(attempt.address);
    this.accounts.takeBack(attempt.account);
  }

  private refuse(milliseconds: number, origin: ClientOrigin, scope: string): never {
    this.security.tell('log_in_throttled', origin, { scope });
    throw new AppError('rate_limited', { retryAfter: Math.ceil(milliseconds / SECOND) });
  }
}

function pairOf({ account, address }: Attempt): string {
  return `${address} ${account}`;
}
