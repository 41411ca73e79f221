import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { Settings } from '../config/settings.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { AUDIENCE, claimsOf, ISSUER } from './access-tokens.js';
import { SessionsService } from './sessions.service.js';

/** Proves the bearer token of an HTTP request (RFC 6750, 2.1). */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor(
    settings: Settings,
    private readonly sessions: SessionsService,
  ) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: settings.secretKey,
      algorithms: [settings.algorithm],
      issuer: ISSUER,
      audience: AUDIENCE,
    });
  }

  async validate(payload: unknown): Promise<AuthenticatedUser> {
    return this.sessions.userOf(claimsOf(payload));
  }
}
