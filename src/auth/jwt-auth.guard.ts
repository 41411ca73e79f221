import { Injectable, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import type { IncomingMessage } from 'node:http';
import { Settings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { originOf } from '../identity/client-origin.js';
import { PUBLIC_ROUTE, type AuthenticatedRequest } from '../identity/decorators.js';
import { unreadable } from './access-tokens.js';
import { bearerOf } from './jwt.strategy.js';
import { ProvedTokens } from './proved-tokens.js';
import { SessionsService } from './sessions.service.js';

/** Every HTTP route needs a token unless it says `@Public()`. */
@Injectable()
export class JwtAuthGuard extends AuthGuard('jwt') {
  constructor(
    private readonly reflector: Reflector,
    private readonly proved: ProvedTokens,
    private readonly sessions: SessionsService,
    private readonly settings: Settings,
  ) {
    super();
  }

  /** A token that Passport has proved before is not proved again; its session is looked up either way. */
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const isPublic = this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_ROUTE, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (isPublic === true) return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest & IncomingMessage>();
    const claims = this.proved.claimsOf(bearerOf(request) ?? '');
    if (claims === undefined) return (await super.canActivate(context)) === true;
    request.user = await this.sessions.userOf(claims, originOf(request, this.settings.trustProxy));
    return true;
  }

  override handleRequest<User>(error: unknown, user: User | false, info: unknown): User {
    // As it is: the filter knows what a fault of the database is, and what else may go wrong.
    if (error) throw error instanceof Error ? error : new AppError('internal', {}, { cause: error });
    if (!user) throw unreadable(info);
    return user;
  }
}
