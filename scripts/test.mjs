/**
 * Runs Jest: `node scripts/test.mjs [--results FILE] [arguments for Jest]`.
 *
 * Jest needs a flag of Node's to load ES modules. The browser tests need Chromium, which is not on
 * every desk: without it they are left out, and that is said; where `CI` is set they always run, and fail
 * without Chromium. The same goes for the tests on a broken disk, which need Linux and a C compiler, and for
 * those with clients that are not ours, which need two libraries of Python's and curl, for those on PostgreSQL and
 * Redis, and for the one behind a load balancer, which needs HAProxy. PARLOR_TEST_POSTGRES and PARLOR_TEST_REDIS name
 * others than those on this machine. TEST_DATABASE=postgres runs the servers of test/e2e on PostgreSQL, and TEST_NODES=2
 * two for each test, with Redis between them.
 * `--results` writes Jest's own report as JSON.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import pg from 'pg';

const BROWSER_TESTS = ['test/e2e/browser'];
const DISK_TESTS = ['test/e2e/power-loss', 'test/e2e/disk-faults'];
const PYTHON_TESTS = ['test/e2e/interop-python'];
const CURL_TESTS = ['test/e2e/interop-curl'];
const POSTGRES_TESTS = ['test/contract/postgres-', 'test/e2e/postgres-'];
/** With several nodes: on PostgreSQL and Redis both. */
const NODES_TESTS = ['test/e2e/nodes-'];
/** One of them behind the load balancer as well. */
const BALANCER_TESTS = ['test/e2e/nodes-balancer'];
const REDIS_TESTS = ['test/contract/redis-'];
const REDIS_DEFAULT = 'redis://127.0.0.1:6379';
const POSTGRES_DEFAULT = 'postgresql://postgres@127.0.0.1:5432/postgres';
/** What has no meaning with TEST_DATABASE=postgres: files of SQLite, a disk below them, and how SQLite waits. */
const SQLITE_ALONE = [
  ...['backup-under-load', 'busy-server', 'crossings', 'damaged-files', 'disk-faults', 'epoch', 'power-loss'],
  ...['admin', 'configuration', 'key-rotation', 'process', 'socket-memory', 'storage-edges'],
];
const CHROMIUM_NAMES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const isExecutable = (path) => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const chromium = [process.env.CHROMIUM_PATH, ...CHROMIUM_NAMES].filter(Boolean).find(isExecutable);
const args = process.argv.slice(2);

const results = args.indexOf('--results');
if (results !== -1) args.splice(results, 2, '--json', `--outputFile=${args[results + 1]}`);

const hasCompiler = process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0;

/** Debian's packages are for Debian's own Python, which need not be the first on the path. */
const python = [process.env.INTEROP_PYTHON, '/usr/bin/python3', 'python3']
  .filter(Boolean)
  .find((name) => spawnSync(name, ['-B', '-c', 'import websockets, autobahn']).status === 0);
const hasCurl = spawnSync('curl', ['--version']).status === 0;

/** Whether a PostgreSQL is there and lets us in. */
async function answers(url) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Whether a Redis with sharded pub/sub is there. */
async function hasChannels(url) {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 3_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.spublish('parlor:test', '');
    return true;
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

const leaveOut = (tests, why) => {
  if (process.env.CI) return;
  console.log(`${tests.map((path) => `${path}*.spec.ts`).join(' and ')} are left out: they need ${why}.`);
  for (const path of tests) args.push(`--testPathIgnorePatterns=${path}`);
};
if (chromium === undefined) {
  leaveOut(BROWSER_TESTS, 'Chromium (apt-get install chromium, or CHROMIUM_PATH)');
}
if (!hasCompiler) leaveOut(DISK_TESTS, 'Linux and a C compiler (apt-get install gcc libc6-dev)');
if (python === undefined) {
  leaveOut(PYTHON_TESTS, 'two Python libraries (apt-get install python3-websockets python3-autobahn)');
}
const postgres = process.env.PARLOR_TEST_POSTGRES ?? POSTGRES_DEFAULT;
const hasPostgres = await answers(postgres);
if (!hasPostgres) {
  leaveOut(POSTGRES_TESTS, 'PostgreSQL, and so does half of the contract suites (PARLOR_TEST_POSTGRES)');
}
const redis = process.env.PARLOR_TEST_REDIS ?? REDIS_DEFAULT;
const hasRedis = await hasChannels(redis);
if (!hasRedis) leaveOut(REDIS_TESTS, 'Redis 7 or Valkey (PARLOR_TEST_REDIS)');
if (!hasPostgres || !hasRedis) leaveOut(NODES_TESTS, 'PostgreSQL and Redis');
if (spawnSync('haproxy', ['-v']).status !== 0) {
  leaveOut(BALANCER_TESTS, 'HAProxy (apt-get install haproxy)');
}
if (process.env.TEST_DATABASE === 'postgres') {
  args.push(...SQLITE_ALONE.map((name) => `--testPathIgnorePatterns=test/e2e/${name}`));
}
if (!hasCurl) leaveOut(CURL_TESTS, 'curl (apt-get install curl)');
args.push('--testPathIgnorePatterns=/node_modules/');

const { status, signal } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    fileURLToPath(import.meta.resolve('jest/bin/jest')),
    ...args,
  ],
  {
    cwd: join(import.meta.dirname, '..'),
    stdio: 'inherit',
    env: {
      ...process.env,
      PARLOR_TEST_REDIS: hasRedis || process.env.CI ? redis : '',
      PARLOR_TEST_POSTGRES: hasPostgres || process.env.CI ? postgres : '',
      ...(chromium !== undefined && { CHROMIUM_PATH: chromium }),
      ...(python !== undefined && { INTEROP_PYTHON: python }),
    },
  },
);
if (signal !== null) console.error(`Jest was ended by ${signal}.`);
process.exitCode = status ?? 1;
