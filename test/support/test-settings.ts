import { randomBytes } from 'node:crypto';

export type Env = Record<string, string>;

export const SECRET_KEY = randomBytes(48).toString('base64url');
/** The one foreign origin that test servers trust. */
export const TRUSTED_ORIGIN = 'https://chat.example';

/** Everybody in a test comes from one address, and asks again and again. */
export const ONE_ADDRESS: Env = {
  REQUESTS_PER_SECOND: '1000000',
  REQUESTS_BURST: '1000000',
  REQUESTS_PER_SECOND_PER_ADDRESS: '1000000',
  REQUESTS_BURST_PER_ADDRESS: '1000000',
  UPGRADES_PER_SECOND: '1000000',
  UPGRADES_BURST: '1000000',
  UPGRADES_PER_SECOND_PER_ADDRESS: '1000000',
  UPGRADES_BURST_PER_ADDRESS: '1000000',
  MAX_CONNECTIONS_PER_ADDRESS: '1000000',
};

/** Limits so high that only the files about limits, which lower them again, ever meet one. */
export const GENEROUS: Env = {
  ...ONE_ADDRESS,
  SECRET_KEY,
  CORS_ORIGINS: TRUSTED_ORIGIN,
  BCRYPT_COST: '4',
  LOG_LEVEL: 'silent',
  FRAMES_PER_SECOND: '1000000',
  FRAMES_BURST: '1000000',
  MESSAGES_PER_SECOND: '1000000',
  MESSAGES_BURST: '1000000',
  WRONG_FRAMES_PER_SECOND: '1000000',
  WRONG_FRAMES_BURST: '1000000',
  MAX_CONNECTIONS_PER_USER: '1000',
  MAX_PASSWORDS_WAITING: '1000',
  LOGIN_FAILURES: '1000000',
  LOGIN_FAILURES_PER_ADDRESS: '1000000',
  // A busy machine must not close what a client is about to use.
  KEEP_ALIVE_TIMEOUT_MS: '60000',
  MAX_ROOMS_PER_USER: '1000000',
  MAX_ROOMS_OWNED: '1000000',
};
