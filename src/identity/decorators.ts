import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';
import type { AuthenticatedUser, Role } from './authenticated-user.js';

export const PUBLIC_ROUTE = 'parlor:public-route';
export const REQUIRED_ROLE = 'parlor:required-role';

/** A request that has passed the JWT guard. */
export interface AuthenticatedRequest {
  user: AuthenticatedUser;
}

/** Opens a route to callers without a token. Every other route needs one, in the document as in the guard. */
export const Public = () => applyDecorators(SetMetadata(PUBLIC_ROUTE, true), ApiSecurity({}));

/** Restricts a route to users with at least this system role. */
export const RequiresRole = (role: Role) => SetMetadata(REQUIRED_ROLE, role);

export const CurrentUser = createParamDecorator(
  (_: unknown, context: ExecutionContext): AuthenticatedUser =>
    context.switchToHttp().getRequest<AuthenticatedRequest>().user,
);
