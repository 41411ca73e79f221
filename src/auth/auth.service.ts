import { Injectable } from '@nestjs/common';
import type { ClientOrigin } from '../identity/client-origin.js';
import { AppError, type FieldError } from '../errors/app-error.js';
import { AccessTokens } from './access-tokens.js';
import type { TokenDto, TokenRequestDto } from './auth.dto.js';
import { PasswordProof } from './password-proof.js';
import { SessionsService, type Grant } from './sessions.service.js';

@Injectable()
export class AuthService {
  constructor(
    private readonly sessions: SessionsService,
    private readonly tokens: AccessTokens,
    private readonly proof: PasswordProof,
  ) {}

  /**
   * Gives a pair of tokens for a password or for a refresh token.
   *
   * @throws AppError `wrong_credentials` | `not_authenticated` | `invalid_input` | `rate_limited`
   */
  async token(request: TokenRequestDto, origin: ClientOrigin): Promise<TokenDto> {
    const grant =
      request.grant_type === 'refresh_token'
        ? await this.refresh(request, origin)
        : await this.logIn(request, origin);
    return {
      access_token: await this.tokens.issue(grant.userId, grant.sessionId),
      token_type: 'bearer',
      expires_in: this.tokens.lifetime,
      refresh_token: grant.refreshToken,
    };
  }

  private async logIn(request: TokenRequestDto, origin: ClientOrigin): Promise<Grant> {
    const { username, password } = request;
    if (!username || !password) throw missing({ username, password });
    const user = await this.proof.prove(username, password, origin, 'log_in');
    if (!user) throw new AppError('wrong_credentials');
    // Whose password has changed meanwhile proves it once more.
    return (await this.sessions.begin(user, origin)) ?? this.logIn(request, origin);
  }

  private async refresh({ refresh_token }: TokenRequestDto, origin: ClientOrigin): Promise<Grant> {
    if (!refresh_token) throw missing({ refresh_token });
    return this.sessions.refresh(refresh_token, origin);
  }
}

function missing(fields: Record<string, unknown>): AppError {
  const errors: FieldError[] = Object.keys(fields)
    .filter((field) => !fields[field])
    .map((field) => ({ field, message: `${field} is missing` }));
  return new AppError('invalid_input', { errors });
}
