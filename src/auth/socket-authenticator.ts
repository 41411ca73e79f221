import { Injectable } from '@nestjs/common';
import type { Authenticator, Book, Credentials } from '../connections/handshake.js';
import { AppError } from '../errors/app-error.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import type { ClientOrigin } from '../identity/client-origin.js';
import type { AccessClaims } from './access-claims.js';
import { AccessTokens } from './access-tokens.js';
import { SessionsService } from './sessions.service.js';
import { WsTickets } from './ws-tickets.js';

/** The guard of socket handshakes: the same proof as over HTTP, or a ticket. */
@Injectable()
export class SocketAuthenticator implements Authenticator {
  constructor(
    private readonly tokens: AccessTokens,
    private readonly tickets: WsTickets,
    private readonly sessions: SessionsService,
  ) {}

  async authenticate(credentials: Credentials, origin: ClientOrigin, book: Book): Promise<AuthenticatedUser> {
    const claims = await this.claimsOf(credentials);
    if (claims.expiresAt <= Date.now()) throw new AppError('token_expired');
    await book(claims.userId, claims.sessionId);
    return this.sessions.userOf(claims, origin);
  }

  private async claimsOf({ token, ticket }: Credentials): Promise<AccessClaims> {
    if (token !== undefined) return this.tokens.read(token);
    if (ticket !== undefined) return this.tickets.redeem(ticket);
    throw new AppError('not_authenticated');
  }
}
