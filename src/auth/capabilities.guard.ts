import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { IncomingMessage } from 'node:http';
import { SecurityLog } from '../audit/security-log.js';
import { AppError } from '../errors/app-error.js';
import { capabilitiesOf, type Capability } from '../identity/capabilities.js';
import { REQUIRED_CAPABILITY, type AuthenticatedRequest } from '../identity/decorators.js';

/** Runs after the JWT guard: what the route asks for against the user's role, which was read with the session. */
@Injectable()
export class CapabilitiesGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly security: SecurityLog,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const needed = this.reflector.getAllAndOverride<Capability | undefined>(REQUIRED_CAPABILITY, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (needed === undefined) return true;
    const { user, method } = context.switchToHttp().getRequest<AuthenticatedRequest & IncomingMessage>();
    if (capabilitiesOf(user.role).includes(needed)) return true;
    this.security.tell('access_denied', user.origin, { user_id: user.id, needed, method: method ?? '' });
    throw new AppError('forbidden');
  }
}
