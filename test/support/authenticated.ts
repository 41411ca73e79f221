import type { AuthenticatedUser } from '../../src/identity/authenticated-user.js';
import { claimsOf } from './forged-tokens.js';
import type { Person } from './test-server.js';

/** A person as services know them, for what no client can bring about. */
export function authenticated({ id, username, token }: Person): AuthenticatedUser {
  const sessionId = String(claimsOf(token).sid);
  const origin = { address: '127.0.0.1', userAgent: 'a test', requestId: 'a-test' };
  return { id, username, role: 'user', sessionId, expiresAt: 0, origin };
}
