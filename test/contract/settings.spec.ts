import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../../src/config/env-reader.js';
import { parseSettings } from '../../src/config/parse-settings.js';

const folder = mkdtempSync(join(tmpdir(), 'parlor-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));

const GOOD_KEY = 'aB3$ xyz 0123456789 the quick brown fox';
const good = { SECRET_KEY: GOOD_KEY, DATABASE_URL: `sqlite:///${folder}/parlor.db` };

function mistakesOf(env: Record<string, string>): readonly string[] {
  try {
    parseSettings({ ...good, ...env });
  } catch (error) {
    if (error instanceof ConfigurationError) return error.mistakes;
    throw error;
  }
  return [];
}

describe('The settings', () => {
  it('have the defaults of the contract', () => {
    const settings = parseSettings({ SECRET_KEY: GOOD_KEY });

    expect(settings).toMatchObject({
      database: { kind: 'sqlite', file: join(process.cwd(), 'parlor.db') },
      algorithm: 'HS256',
      accessTokenSeconds: 30 * 60,
      port: 8000,
      durability: 'full',
      corsOrigins: [],
      heartbeat: { interval: 25_000, timeout: 8_000 },
    });
  });

  it.each([
    ['sqlite:///./chat.db', join(process.cwd(), 'chat.db')],
    ['sqlite:///data/chat.db', join(process.cwd(), 'data/chat.db')],
    ['sqlite:////var/lib/parlor/chat.db', '/var/lib/parlor/chat.db'],
  ])('read DATABASE_URL=%s', (url, file) => {
    expect(parseSettings({ ...good, DATABASE_URL: url }).database).toEqual({ kind: 'sqlite', file });
  });

  it.each(['postgresql', 'postgres'])(
    'read DATABASE_URL=%s://..., and name it without its password',
    (scheme) => {
      const url = `${scheme}://ada:hidden@db.example:5433/chat?sslmode=require`;

      const { database, secretFile } = parseSettings({ ...good, DATABASE_URL: url });

      expect(database).toEqual({
        kind: 'postgres',
        url,
        name: 'db.example:5433/chat',
        pool: 10,
        statementTimeout: 10_000,
        lockTimeout: 3_000,
      });
      expect(secretFile).toBeUndefined();
    },
  );

  it('count an empty variable as absent', () => {
    expect(parseSettings({ ...good, PORT: '', ALGORITHM: ' ' })).toMatchObject({
      port: 8000,
      algorithm: 'HS256',
    });
  });

  it.each([
    [{ PORT: 'http' }, /^PORT must be a number from 0 to 65535, not "http"\.$/],
    [{ PORT: '70000' }, /^PORT /],
    [{ PORT: '80.5' }, /^PORT must be a whole number/],
    [{ ALGORITHM: 'none' }, /^ALGORITHM must be one of HS256, HS384, HS512, not "none"\.$/],
    [{ ALGORITHM: 'RS256' }, /^ALGORITHM /],
    [{ ACCESS_TOKEN_EXPIRE_MINUTES: '0' }, /^ACCESS_TOKEN_EXPIRE_MINUTES /],
    [{ ACCESS_TOKEN_EXPIRE_MINUTES: 'NaN' }, /^ACCESS_TOKEN_EXPIRE_MINUTES /],
    [{ DATABASE_URL: 'mysql://localhost/chat' }, /^DATABASE_URL must be sqlite/],
    [{ DATABASE_URL: 'sqlite:///:memory:' }, /^DATABASE_URL must be sqlite/],
    [{ DATABASE_URL: 'postgresql://ada:hidden@localhost' }, /^DATABASE_URL must name a database/],
    [{ DATABASE_URL: 'postgres://ada:hidden@:port/chat' }, /^DATABASE_URL must name a database/],
    [{ DATABASE_URL: 'postgres://localhost/chat', SECRET_KEY: '' }, /^SECRET_KEY is needed with PostgreSQL/],
    [{ DATABASE_POOL: '1' }, /^DATABASE_POOL must be a number from 4 to 1000/],
    [
      {
        DATABASE_URL: 'postgres://localhost/chat',
        DATABASE_LOCK_TIMEOUT_MS: '500',
        DATABASE_STATEMENT_TIMEOUT_MS: '500',
      },
      /^DATABASE_LOCK_TIMEOUT_MS must be shorter/,
    ],
    [{ DURABILITY: 'maybe' }, /^DURABILITY must be one of full, normal/],
    [{ REDIS_URL: 'redis://127.0.0.1' }, /^REDIS_URL is for several servers/],
    [
      { DATABASE_URL: 'postgres://localhost/chat', REDIS_URL: 'http://:hidden@127.0.0.1' },
      /^REDIS_URL must be redis:(?!.*hidden)/,
    ],
    [{ CORS_ORIGINS: 'chat.example' }, /^CORS_ORIGINS: "chat.example" is no origin/],
    [{ CORS_ORIGINS: 'https://chat.example/' }, /^CORS_ORIGINS: /],
    [{ CORS_ORIGINS: '*', NODE_ENV: 'production' }, /^CORS_ORIGINS must name the origins in production/],
    [
      { HEARTBEAT_INTERVAL_MS: '1000', HEARTBEAT_TIMEOUT_MS: '1000' },
      /^HEARTBEAT_TIMEOUT_MS must be shorter/,
    ],
    [{ MAX_CONNECTIONS: '-1' }, /^MAX_CONNECTIONS /],
    [{ SECRET_KEY: 'short' }, /^SECRET_KEY is 5 bytes long; HS256 needs at least 32\.$/],
    [
      { SECRET_KEY: GOOD_KEY, ALGORITHM: 'HS512' },
      /^SECRET_KEY is 39 bytes long; HS512 needs at least 64\.$/,
    ],
    [{ SECRET_KEY: 'a'.repeat(64) }, /^SECRET_KEY repeats/],
    [
      { SECRET_KEY: '09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7' },
      /^SECRET_KEY is a well-known/,
    ],
    [{ SECRET_KEYS_OLD: 'short' }, /^SECRET_KEYS_OLD: key 1 is 5 bytes long; HS256 needs at least 32\.$/],
    [{ SECRET_KEYS_OLD: `${GOOD_KEY},${'a'.repeat(64)}` }, /^SECRET_KEYS_OLD: key 2 repeats/],
    [
      { SECRET_KEYS_OLD: [1, 2, 3, 4].map((number) => `${GOOD_KEY} ${number}`).join() },
      /^SECRET_KEYS_OLD may hold 3 keys at most\.$/,
    ],
    [{ SECRET_KEY: 'please-change-me-before-production-0123456789' }, /^SECRET_KEY is a well-known/],
  ])('refuse %j with a sentence', (env, sentence) => {
    expect(mistakesOf(env)).toEqual([expect.stringMatching(sentence)]);
  });

  it('tell all mistakes at once', () => {
    expect(mistakesOf({ PORT: 'x', ALGORITHM: 'none', SECRET_KEY: 'short' })).toHaveLength(3);
  });
});

describe('A secret key that nobody chose', () => {
  const env = { DATABASE_URL: `sqlite:///${folder}/own/parlor.db` };
  const file = join(folder, 'own', 'parlor.secret');

  it('is made once, strong, and kept beside the database for its owner only', () => {
    const first = parseSettings(env).secretKey;

    expect(Buffer.from(first, 'base64url')).toHaveLength(64);
    expect(readFileSync(file, 'utf8').trim()).toBe(first);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(parseSettings(env).secretKey).toBe(first);
  });

  it('is read with those from before it: the first line signs', () => {
    const [own] = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, `${GOOD_KEY} of today\n\n  ${own}\n`);

    expect(parseSettings({ ...env, SECRET_KEYS_OLD: GOOD_KEY })).toMatchObject({
      secretKey: `${GOOD_KEY} of today`,
      oldSecretKeys: [own, GOOD_KEY],
      secretFile: file,
    });
    writeFileSync(file, `${own}\n`);
  });

  it.each([
    ['a weak one', `${GOOD_KEY}\nshort\n`, /the key in line 2 is 5 bytes long/],
    ['no key', '\n', /the key in line 1 is 0 bytes long/],
    [
      'more than four',
      [1, 2, 3, 4, 5].map((number) => `${GOOD_KEY} ${number}`).join('\n'),
      /holds more than 4 keys/,
    ],
  ])('is refused when the file holds %s', (_, text, sentence) => {
    const weak = { SECRET_KEY: '', DATABASE_URL: `sqlite:///${folder}/weak.db` };
    writeFileSync(join(folder, 'weak.secret'), text, { mode: 0o600 });

    expect(mistakesOf(weak)).toEqual([expect.stringMatching(sentence)]);
  });

  it('is not looked for when the operator gives one', () => {
    expect(parseSettings(good)).toMatchObject({ secretFile: undefined, oldSecretKeys: [] });
  });

  it('is another one beside another database', () => {
    const other = parseSettings({ DATABASE_URL: `sqlite:///${folder}/other/parlor.db` }).secretKey;

    expect(other).not.toBe(parseSettings(env).secretKey);
  });
});
