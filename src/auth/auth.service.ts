import { Injectable } from '@nestjs/common';
import type { ClientOrigin } from '../identity/client-origin.js';
import { SecurityLog } from '../audit/security-log.js';
import { AppError, type FieldError } from '../errors/app-error.js';
import { UsersService } from '../users/users.service.js';
import { AccessTokens } from './access-tokens.js';
import type { TokenDto, TokenRequestDto } from './auth.dto.js';
import { LogInThrottle } from './log-in-throttle.js';
import { SessionsService, type Grant } from './sessions.service.js';

@Injectable()
export class AuthService {
  constructor(
    private readonly users: UsersService,
    private readonly sessions: SessionsService,
    private readonly tokens: AccessTokens,
    private readonly throttle: LogInThrottle,
    private readonly security: SecurityLog,
  ) {}

  /**
   * Gives a pair of tokens for a password or for a refresh token.
   *
   * @throws AppError `wrong_credentials` | `not_authenticated` | `invalid_input` | `rate_limited`
   */
  async token(request: TokenRequestDto, origin: ClientOrigin): Promise<TokenDto> {
    const grant =
      request.grant_type === 'refresh_token'
        ? await this.refresh(request)
        : await this.logIn(request, origin);
    return {
      access_token: await this.tokens.issue(grant.userId, grant.sessionId),
      token_type: 'bearer',
      expires_in: this.tokens.lifetime,
      refresh_token: grant.refreshToken,
    };
  }

  private async logIn({ username, password }: TokenRequestDto, origin: ClientOrigin): Promise<Grant> {
    if (!username || !password) throw missing({ username, password });
    const isKnown = () => this.sessions.haveBegunAt(username, origin.address);
    const attempt = await this.throttle.begin(username, origin, isKnown);
    const user = await this.users.withPassword(username, password, isKnown);
    if (!user) {
      this.security.tell('log_in_failed', origin);
      throw new AppError('wrong_credentials');
    }
    this.throttle.succeeded(attempt);
    return this.sessions.begin(user.id, origin);
  }

  private async refresh({ refresh_token }: TokenRequestDto): Promise<Grant> {
    if (!refresh_token) throw missing({ refresh_token });
    return this.sessions.refresh(refresh_token);
  }
}

function missing(fields: Record<string, unknown>): AppError {
  const errors: FieldError[] = Object.keys(fields)
    .filter((field) => !fields[field])
    .map((field) => ({ field, message: `${field} is missing` }));
  return new AppError('invalid_input', { errors });
}
