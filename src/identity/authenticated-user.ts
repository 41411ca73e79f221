import type { ClientOrigin } from './client-origin.js';

/** System roles, weakest first: `ops` may look at the running system, `admin` may change it. */
export const ROLES = ['user', 'ops', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Who is calling: the user behind a verified token, on HTTP and on sockets alike. */
export interface AuthenticatedUser {
  readonly id: number;
  readonly username: string;
  readonly role: Role;
  readonly sessionId: string;
  /** When the access token ends, in milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly origin: ClientOrigin;
}
