import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AppError } from '../errors/app-error.js';
import { hasRole, type Role } from '../identity/authenticated-user.js';
import { REQUIRED_ROLE, type AuthenticatedRequest } from '../identity/decorators.js';

/** Runs after the JWT guard: the route's role against the user's, which was read with the session. */
@Injectable()
export class RolesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const needed = this.reflector.getAllAndOverride<Role | undefined>(REQUIRED_ROLE, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (needed === undefined) return true;
    const { user } = context.switchToHttp().getRequest<AuthenticatedRequest>();
    if (!hasRole(user, needed)) throw new AppError('forbidden');
    return true;
  }
}
