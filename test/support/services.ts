import type { Server } from 'node:net';

/** The Redis of the tests. Where none answers, `npm test` says so and leaves out what needs it. */
export const TEST_REDIS = process.env.PARLOR_TEST_REDIS ?? 'redis://127.0.0.1:6379';
export const hasRedis = TEST_REDIS !== '';

export function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The server does not listen.');
  return address.port;
}
