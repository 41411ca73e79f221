import { readFile, stat } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { claimsOf } from '../support/forged-tokens.js';
import { runServer, TestServer } from '../support/test-server.js';

let fresh: TestServer;
beforeEach(() => {
  fresh = new TestServer();
});
afterEach(() => fresh.remove());

describe('Without a SECRET_KEY', () => {
  it('the server makes one, keeps it beside the database for its owner only, and uses it again', async () => {
    await fresh.start({ SECRET_KEY: '' });
    const file = fresh.databasePath.replace(/\.db$/, '.secret');
    const key = await readFile(file, 'utf8');
    const ada = await fresh.person('ada');

    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(key.trim().length).toBeGreaterThanOrEqual(64);
    await fresh.stop();
    await fresh.start({ SECRET_KEY: '' });
    expect(await readFile(file, 'utf8')).toBe(key);
    expect((await fresh.rest.get('/api/users/me/', ada)).status).toBe(200);
  });
});

describe('A configuration that cannot be used', () => {
  it.each<[string, Record<string, string>]>([
    ['SECRET_KEY', { SECRET_KEY: 'short' }],
    ['SECRET_KEY', { SECRET_KEY: 'your-256-bit-secret-change-me-please-0123456789' }],
    ['SECRET_KEY', { SECRET_KEY: 'a'.repeat(64) }],
    ['SECRET_KEY', { SECRET_KEY: 'k3y-of-thirty-two-bytes-for-HS256', ALGORITHM: 'HS512' }],
    ['ALGORITHM', { ALGORITHM: 'none' }],
    ['ALGORITHM', { ALGORITHM: 'RS256' }],
    ['DATABASE_URL', { DATABASE_URL: 'mysql://localhost/parlor' }],
    ['PORT', { PORT: '70000' }],
    ['ACCESS_TOKEN_EXPIRE_MINUTES', { ACCESS_TOKEN_EXPIRE_MINUTES: 'soon' }],
    ['CORS_ORIGINS', { CORS_ORIGINS: 'chat.example' }],
    ['MAX_MESSAGE_LENGTH', { MAX_MESSAGE_LENGTH: '-1' }],
    ['BCRYPT_COST', { BCRYPT_COST: '99' }],
  ])('ends the start with a sentence about %s: %j', async (name, env) => {
    await expect(fresh.start(env)).rejects.toThrow(name);
  });

  it('names every mistake at once, and repeats no secret', async () => {
    const attempt = fresh.start({ SECRET_KEY: 'tooshort', PORT: 'x', LOG_LEVEL: 'loud' });

    const message = await attempt.then(
      () => 'started',
      (error: unknown) => String(error),
    );

    for (const name of ['SECRET_KEY', 'PORT', 'LOG_LEVEL']) expect(message).toContain(name);
    expect(message).not.toContain('tooshort');
  });
});

describe('Another algorithm', () => {
  const server = runServer({ ALGORITHM: 'HS384' });

  it('signs and proves tokens', async () => {
    const ada = await server.person('ada');

    const header = Buffer.from(ada.token.split('.')[0] ?? '', 'base64url').toString();
    expect(JSON.parse(header)).toMatchObject({ alg: 'HS384' });
    expect(claimsOf(ada.token)).toMatchObject({ sub: String(ada.id) });
    const [adas] = await server.connect(ada);
    await adas.settled();
    expect((await server.rest.get('/api/users/me/', ada)).status).toBe(200);
  });
});
