import { Injectable, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { AppError } from '../errors/app-error.js';
import { PUBLIC_ROUTE } from '../identity/decorators.js';
import { unreadable } from './access-tokens.js';

/** Every HTTP route needs a token unless it says `@Public()`. */
@Injectable()
export class JwtAuthGuard extends AuthGuard('jwt') {
  constructor(private readonly reflector: Reflector) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const isPublic = this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_ROUTE, [
      context.getHandler(),
      context.getClass(),
    ]);
    return isPublic === true || (await super.canActivate(context)) === true;
  }

  override handleRequest<User>(error: unknown, user: User | false, info: unknown): User {
    // As it is: the filter knows what a fault of the database is, and what else may go wrong.
    if (error) throw error instanceof Error ? error : new AppError('internal', {}, { cause: error });
    if (!user) throw unreadable(info);
    return user;
  }
}
