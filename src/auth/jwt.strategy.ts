import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { IncomingMessage } from 'node:http';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { Settings } from '../config/settings.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { originOf } from '../identity/client-origin.js';
import { claimsOf } from './access-claims.js';
import { AUDIENCE, ISSUER } from './access-tokens.js';
import { ProvedTokens } from './proved-tokens.js';
import { SessionsService } from './sessions.service.js';
import { SigningKeys } from './signing-keys.js';

/** The token of an HTTP request, if it shows one. */
export const bearerOf: (request: IncomingMessage) => string | null = ExtractJwt.fromAuthHeaderAsBearerToken();

type KeyFound = (error: unknown, key?: string) => void;

/** Proves the bearer token of an HTTP request (RFC 6750, 2.1). */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor(
    private readonly settings: Settings,
    private readonly sessions: SessionsService,
    private readonly proved: ProvedTokens,
    keys: SigningKeys,
  ) {
    super({
      jwtFromRequest: bearerOf,
      secretOrKeyProvider: (_request: IncomingMessage, token: string, done: KeyFound) => {
        try {
          done(null, keys.of(token).text);
        } catch (error) {
          done(error);
        }
      },
      algorithms: [settings.algorithm],
      issuer: ISSUER,
      audience: AUDIENCE,
      passReqToCallback: true,
    });
  }

  async validate(request: IncomingMessage, payload: unknown): Promise<AuthenticatedUser> {
    const claims = claimsOf(payload);
    const token = bearerOf(request);
    if (token !== null) this.proved.remember(token, claims);
    return this.sessions.userOf(claims, originOf(request, this.settings.trustProxy));
  }
}
