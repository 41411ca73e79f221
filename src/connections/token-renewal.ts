import { Injectable } from '@nestjs/common';
import { AppError } from '../errors/app-error.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import type { UserConnection } from './connection.js';
import { Seats } from './seats.js';
import { TokenExpiry } from './token-expiry.js';

/** Moves open sockets over to another token of their user. */
@Injectable()
export class TokenRenewal {
  constructor(
    private readonly seats: Seats,
    private readonly expiry: TokenExpiry,
  ) {}

  /**
   * All of it or nothing: until the new session is found alive the socket is what it was. A session that ends while
   * it is looked up is noticed, as for a handshake.
   *
   * @param lookUp finds the user behind the session
   * @throws AppError `other_user` | `not_authenticated`, or what `lookUp` throws
   */
  async renew(
    connection: UserConnection,
    { userId, sessionId }: { userId: number; sessionId: string },
    lookUp: () => Promise<AuthenticatedUser>,
  ): Promise<AuthenticatedUser> {
    if (userId !== connection.user.id) throw new AppError('other_user');
    const watch = this.seats.watch(sessionId);
    try {
      const user = await lookUp();
      if (watch.revoked || !connection.isOpen) throw new AppError('not_authenticated');
      connection.continueAs(user);
      this.expiry.watch(connection);
      return user;
    } finally {
      this.seats.unwatch(watch);
    }
  }
}
