import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { checkFolder, databaseOf, secretFileOf } from './database-settings.js';
import { ConfigurationError, EnvReader, type Environment } from './env-reader.js';
import { keptKeys, MAX_OLD_KEYS, weaknessOf } from './secret-key.js';
import {
  Settings,
  type DatabaseLocation,
  type JwtAlgorithm,
  type Limits,
  type Rate,
  type RedisLocation,
  type Timeouts,
} from './settings.js';

const MINUTE = 60;
/** In minutes. Sockets close by a timer when their token ends, and Node's timers last 24.8 days. */
const LONGEST_TOKEN = 24 * 24 * 60;
const MAX_INT = 2 ** 31 - 1;
const YEAR = 365 * 24 * 60 * MINUTE;
const NODE_NAME_MAX = 64;
/** Another one for each process: two servers on one machine are two nodes. */
const NODE_NAME = `${hostname().slice(0, NODE_NAME_MAX - 7)}-${randomBytes(3).toString('hex')}`;
/** In milliseconds. Who waits longer than an hour for a request does not want a limit. */
const LONGEST_WAIT = 3_600_000;

/**
 * Turns the environment into settings, or fails with every mistake at once.
 *
 * @throws ConfigurationError with one sentence per mistake
 */
export function parseSettings(env: Environment): Settings {
  const read = new EnvReader(env);
  const database = databaseOf(read);
  const algorithm = read.oneOf('ALGORITHM', ['HS256', 'HS384', 'HS512']);
  const values = {
    database,
    durability: read.oneOf('DURABILITY', ['full', 'normal']),
    redis: redisOf(read, database),
    nodeName: nodeNameOf(read),
    nodeLease: read.integer('NODE_LEASE_MS', 15_000, 300, 600_000),
    host: read.text('HOST', '127.0.0.1'),
    port: read.integer('PORT', 8000, 0, 65535),
    corsOrigins: originsOf(read, env.NODE_ENV === 'production'),
    trustProxy: read.integer('TRUST_PROXY', 0, 0, 16),
    logLevel: read.oneOf('LOG_LEVEL', ['info', 'silent', 'error', 'warn', 'debug']),
    algorithm,
    accessTokenSeconds: read.number('ACCESS_TOKEN_EXPIRE_MINUTES', 30, 0.01, LONGEST_TOKEN) * MINUTE,
    tokenWarningSeconds: read.integer('TOKEN_WARNING_SECONDS', 60, 1, 86_400),
    refreshTokenDays: read.number('REFRESH_TOKEN_EXPIRE_DAYS', 30, 0.001, 3650),
    bcryptCost: read.integer('BCRYPT_COST', 12, 4, 15),
    limits: limitsOf(read),
    logIn: {
      failures: read.integer('LOGIN_FAILURES', 5, 1, MAX_INT),
      failuresPerAddress: read.integer('LOGIN_FAILURES_PER_ADDRESS', 50, 1, MAX_INT),
      longestWait: read.integer('LOGIN_LONGEST_WAIT_SECONDS', 900, 1, 86_400) * 1_000,
    },
    timeouts: timeoutsOf(read),
    hstsSeconds: read.integer('HSTS_SECONDS', 0, 0, 10 * YEAR),
    heartbeat: {
      interval: read.integer('HEARTBEAT_INTERVAL_MS', 25_000, 50, 3_600_000),
      timeout: read.integer('HEARTBEAT_TIMEOUT_MS', 8_000, 20, 3_600_000),
    },
    shutdownTimeout: read.integer('SHUTDOWN_TIMEOUT_MS', 10_000, 0, 600_000),
    conformanceEndpoint: conformanceOf(read, env.NODE_ENV === 'production'),
  };
  if (values.heartbeat.timeout >= values.heartbeat.interval) {
    read.mistakes.push('HEARTBEAT_TIMEOUT_MS must be shorter than HEARTBEAT_INTERVAL_MS.');
  }
  if (values.limits.messageLength > Math.min(values.limits.frameBytes, values.limits.bodyBytes)) {
    read.mistakes.push('MAX_MESSAGE_LENGTH must fit into MAX_FRAME_BYTES and MAX_BODY_BYTES.');
  }
  checkFolder(read, database);
  const chosen = chosenKey(read, algorithm);
  const old = oldKeys(read, algorithm);
  const secretFile = chosen === undefined ? secretFileOf(read, database) : undefined;
  if (read.mistakes.length > 0) throw new ConfigurationError(read.mistakes);
  const [secretKey, ...kept] = secretFile === undefined ? [chosen ?? ''] : keptKeys(secretFile, algorithm);
  return new Settings({ ...values, secretFile, secretKey, oldSecretKeys: [...kept, ...old] });
}

function nodeNameOf(read: EnvReader): string {
  const name = read.text('NODE_NAME', NODE_NAME);
  if (name.length > NODE_NAME_MAX) {
    read.mistakes.push(`NODE_NAME must have ${NODE_NAME_MAX} characters at most.`);
  }
  return name;
}

function redisOf(read: EnvReader, database: DatabaseLocation): RedisLocation | undefined {
  const prefix = read.text('REDIS_PREFIX', 'parlor:');
  const url = read.optional('REDIS_URL');
  if (url === undefined) return undefined;
  if (!/^rediss?:\/\/./.test(url) || !URL.canParse(url)) {
    // The value may hold a password, so it is not repeated.
    read.mistakes.push(
      'REDIS_URL must be redis:// or rediss:// and a host, for example redis://127.0.0.1:6379.',
    );
  }
  if (database.kind !== 'postgres') {
    read.mistakes.push(
      'REDIS_URL is for several servers, and those need a database in PostgreSQL: see DATABASE_URL.',
    );
  }
  return { url, prefix };
}

function chosenKey(read: EnvReader, algorithm: JwtAlgorithm): string | undefined {
  const key = read.optional('SECRET_KEY');
  const weakness = key === undefined ? undefined : weaknessOf('SECRET_KEY', key, algorithm);
  if (weakness !== undefined) read.mistakes.push(weakness);
  return key;
}

/** What was SECRET_KEY before. Tokens that it has signed stay good. */
function oldKeys(read: EnvReader, algorithm: JwtAlgorithm): string[] {
  const keys = read.list('SECRET_KEYS_OLD');
  if (keys.length > MAX_OLD_KEYS)
    read.mistakes.push(`SECRET_KEYS_OLD may hold ${MAX_OLD_KEYS} keys at most.`);
  const weaknesses = keys.map((key, index) =>
    weaknessOf(`SECRET_KEYS_OLD: key ${index + 1}`, key, algorithm),
  );
  read.mistakes.push(...weaknesses.filter((weakness) => weakness !== undefined));
  return keys;
}

function originsOf(read: EnvReader, production: boolean): string[] {
  const origins = read.list('CORS_ORIGINS');
  for (const origin of origins) {
    if (origin === '*') {
      if (production) read.mistakes.push('CORS_ORIGINS must name the origins in production, not "*".');
    } else if (!isOrigin(origin)) {
      read.mistakes.push(
        `CORS_ORIGINS: "${origin}" is no origin; write scheme, host and port, as https://chat.example.`,
      );
    }
  }
  return origins;
}

/** A raw echo is for tests: to people it would be nothing but free bandwidth. */
function conformanceOf(read: EnvReader, production: boolean): boolean {
  const isOn = read.oneOf('CONFORMANCE_ENDPOINT', ['off', 'on']) === 'on';
  if (isOn && production) {
    read.mistakes.push('CONFORMANCE_ENDPOINT is for development; it must be off in production.');
  }
  return isOn;
}

/** RFC 6454: scheme, host and port, and nothing after. */
function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

function limitsOf(read: EnvReader): Limits {
  return {
    messageLength: read.integer('MAX_MESSAGE_LENGTH', 4_000, 1, 1_000_000),
    frameBytes: read.integer('MAX_FRAME_BYTES', 65_536, 1_024, 64 * 1024 * 1024),
    bodyBytes: read.integer('MAX_BODY_BYTES', 65_536, 1_024, 64 * 1024 * 1024),
    frames: rateOf(read, 'FRAMES_PER_SECOND', 50, 'FRAMES_BURST', 200),
    messages: rateOf(read, 'MESSAGES_PER_SECOND', 10, 'MESSAGES_BURST', 50),
    wrongFrames: rateOf(read, 'WRONG_FRAMES_PER_SECOND', 1, 'WRONG_FRAMES_BURST', 100),
    requests: rateOf(read, 'REQUESTS_PER_SECOND', 50, 'REQUESTS_BURST', 200),
    requestsPerAddress: rateOf(
      read,
      'REQUESTS_PER_SECOND_PER_ADDRESS',
      20,
      'REQUESTS_BURST_PER_ADDRESS',
      200,
    ),
    upgrades: rateOf(read, 'UPGRADES_PER_SECOND', 1_000, 'UPGRADES_BURST', 5_000),
    upgradesPerAddress: rateOf(
      read,
      'UPGRADES_PER_SECOND_PER_ADDRESS',
      50,
      'UPGRADES_BURST_PER_ADDRESS',
      500,
    ),
    connections: read.integer('MAX_CONNECTIONS', 10_000, 1, MAX_INT),
    connectionsPerUser: read.integer('MAX_CONNECTIONS_PER_USER', 50, 1, MAX_INT),
    connectionsPerAddress: read.integer('MAX_CONNECTIONS_PER_ADDRESS', 1_000, 1, MAX_INT),
    httpConnections: read.integer('MAX_HTTP_CONNECTIONS', 5_000, 1, MAX_INT),
    roomsPerConnection: read.integer('MAX_ROOMS_PER_CONNECTION', 1_000, 1, MAX_INT),
    passwordsWaiting: read.integer('MAX_PASSWORDS_WAITING', 100, 1, MAX_INT),
    waitingBytes: read.integer('MAX_WAITING_BYTES', 1024 * 1024, 1_024, MAX_INT),
    roomsPerUser: read.integer('MAX_ROOMS_PER_USER', 1_000, 1, MAX_INT),
    roomsOwned: read.integer('MAX_ROOMS_OWNED', 200, 1, MAX_INT),
    invitationsPerRoom: read.integer('MAX_INVITATIONS_PER_ROOM', 100, 1, MAX_INT),
  };
}

function rateOf(
  read: EnvReader,
  perSecondName: string,
  perSecond: number,
  burstName: string,
  burst: number,
): Rate {
  return {
    perSecond: read.number(perSecondName, perSecond, 0.1, MAX_INT),
    burst: read.integer(burstName, burst, 1, MAX_INT),
  };
}

function timeoutsOf(read: EnvReader): Timeouts {
  return {
    request: read.integer('REQUEST_TIMEOUT_MS', 10_000, 50, LONGEST_WAIT),
    response: read.integer('RESPONSE_TIMEOUT_MS', 60_000, 50, LONGEST_WAIT),
    keepAlive: read.integer('KEEP_ALIVE_TIMEOUT_MS', 5_000, 50, LONGEST_WAIT),
    handshake: read.integer('HANDSHAKE_TIMEOUT_MS', 10_000, 50, LONGEST_WAIT),
    message: read.integer('MESSAGE_TIMEOUT_MS', 20_000, 50, LONGEST_WAIT),
  };
}
