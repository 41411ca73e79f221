import { Injectable } from '@nestjs/common';
import { SecurityLog } from '../audit/security-log.js';
import type { UserConnection } from '../connections/connection.js';
import { TokenRenewal } from '../connections/token-renewal.js';
import { AppError } from '../errors/app-error.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { AccessTokens } from './access-tokens.js';
import { SessionsService } from './sessions.service.js';

/** New tokens for sockets that are open. */
@Injectable()
export class SocketTokensService {
  constructor(
    private readonly tokens: AccessTokens,
    private readonly sessions: SessionsService,
    private readonly renewal: TokenRenewal,
    private readonly security: SecurityLog,
  ) {}

  /**
   * Proves a token as a handshake does, and lets the socket go on with it. Whatever is wrong with it, the socket
   * keeps the one that it has.
   *
   * @throws AppError `not_authenticated` | `token_expired` | `other_user`
   */
  async renew(connection: UserConnection, token: string): Promise<AuthenticatedUser> {
    const { id, origin } = connection.user;
    try {
      const claims = await this.tokens.read(token);
      return await this.renewal.renew(connection, claims, () => this.sessions.userOf(claims, origin));
    } catch (error) {
      if (error instanceof AppError) {
        this.security.tell('token_refused', origin, { user_id: id, code: error.code });
      }
      throw error;
    }
  }
}
