import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';
import type { AuthenticatedUser } from './authenticated-user.js';
import type { Capability } from './capabilities.js';

export const PUBLIC_ROUTE = 'parlor:public-route';
export const REQUIRED_CAPABILITY = 'parlor:required-capability';

/** A request that has passed the JWT guard. */
export interface AuthenticatedRequest {
  user: AuthenticatedUser;
}

/** Opens a route to callers without a token. Every other route needs one, in the document as in the guard. */
export const Public = () => applyDecorators(SetMetadata(PUBLIC_ROUTE, true), ApiSecurity({}));

/** Restricts a route to users whose system role gives them this. */
export const RequiresCapability = (capability: Capability) => SetMetadata(REQUIRED_CAPABILITY, capability);

export const CurrentUser = createParamDecorator(
  (_: unknown, context: ExecutionContext): AuthenticatedUser =>
    context.switchToHttp().getRequest<AuthenticatedRequest>().user,
);
