import { execFile } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DatabaseFile } from '../support/database-file.js';
import { claimsOf, forge, headerOf } from '../support/forged-tokens.js';
import { handshake } from '../support/handshake.js';
import { expectProblem } from '../support/problems.js';
import { TestServer, runServer, type Person, type Tokens } from '../support/test-server.js';
import { SECRET_KEY } from '../support/test-settings.js';

const NEXT_KEY = randomBytes(48).toString('base64url');

/** The `kid` of a key. */
function fingerprintOf(key: string): string {
  return createHmac('sha256', key).update('parlor:kid').digest('hex').slice(0, 16);
}

function refresh(server: TestServer, { refreshToken }: Person) {
  const raw = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken });
  return server.rest.request<Tokens>('POST', '/api/token', { raw });
}

async function opens(server: TestServer, token: string): Promise<number[]> {
  const rest = await server.rest.get('/api/users/me', { token });
  const socket = await handshake(`${server.socketUrl}/ws/auth?token=${token}`);
  return [rest.status, socket.status];
}

describe('A token', () => {
  const server = runServer();

  it('names its key by a fingerprint that is none of the key’s own characters', async () => {
    const [ada, bob] = await server.people('ada', 'bob');

    const { kid } = headerOf(ada.token);

    expect(headerOf(ada.token)).toEqual({
      alg: 'HS256',
      typ: 'JWT',
      kid: expect.stringMatching(/^[\da-f]{16}$/),
    });
    expect(headerOf(bob.token).kid).toBe(kid);
    const plain = [SECRET_KEY, Buffer.from(SECRET_KEY).toString('hex')];
    for (const text of plain) expect(text).not.toContain(String(kid));
  });
});

describe('A rotated key', () => {
  it('logs nobody out: what the old one has signed stays good, and new tokens are of the new one', async () => {
    const server = new TestServer();
    try {
      await server.start();
      const ada = await server.person('ada');
      const older = forge(claimsOf(ada.token), SECRET_KEY);
      await server.stop();

      await server.start({ SECRET_KEY: NEXT_KEY, SECRET_KEYS_OLD: SECRET_KEY });

      expect(await opens(server, ada.token)).toEqual([200, 101]);
      expect(await opens(server, older)).toEqual([200, 101]);
      const refreshed = (await refresh(server, ada)).body;
      expect(headerOf(refreshed.access_token).kid).not.toBe(headerOf(ada.token).kid);
      await server.stop();

      await server.start({ SECRET_KEY: NEXT_KEY });

      expect(await opens(server, refreshed.access_token)).toEqual([200, 101]);
      const again = await refresh(server, { ...ada, refreshToken: refreshed.refresh_token });
      expect(again.status).toBe(200);
    } finally {
      await server.remove();
    }
  });

  it('finds out the second use of a refresh token of the old one, and ends the session', async () => {
    const server = new TestServer();
    try {
      await server.start();
      const ada = await server.person('ada');
      const next = (await refresh(server, ada)).body;
      await server.stop();
      await server.start({ SECRET_KEY: NEXT_KEY, SECRET_KEYS_OLD: SECRET_KEY });

      expectProblem(await refresh(server, ada), 401, 'not_authenticated');

      expect(await opens(server, next.access_token)).toEqual([401, 401]);
      expect((await refresh(server, { ...ada, refreshToken: next.refresh_token })).status).toBe(401);
    } finally {
      await server.remove();
    }
  });

  it('that is not given any more is not believed', async () => {
    const server = new TestServer();
    try {
      await server.start();
      const ada = await server.person('ada');
      const older = forge(claimsOf(ada.token), SECRET_KEY);
      await server.stop();

      await server.start({ SECRET_KEY: NEXT_KEY });

      for (const token of [ada.token, older]) expect(await opens(server, token)).toEqual([401, 401]);
      expectProblem(await refresh(server, ada), 401, 'not_authenticated');
    } finally {
      await server.remove();
    }
  });
});

describe('A header that points elsewhere', () => {
  const server = runServer({ SECRET_KEYS_OLD: NEXT_KEY });
  let elsewhere: Server;
  let calls = 0;
  let url: string;
  beforeAll(async () => {
    elsewhere = createServer((_, response) => {
      calls += 1;
      response.end(SECRET_KEY);
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    const address = elsewhere.address();
    if (typeof address !== 'object' || address === null) throw new Error('No port.');
    url = `http://127.0.0.1:${address.port}/keys`;
  });
  afterAll(() => void elsewhere.close());

  /** Each is signed with the right key, so that nothing but the header can be what is wrong. */
  it.each([
    ['kid', () => '../../dev/null'],
    ['kid', () => '/proc/sys/kernel/randomize_va_space'],
    ['kid', () => "x' UNION SELECT 'key"],
    ['kid', () => url],
    ['kid', () => ''],
    ['kid', () => null],
    ['kid', () => ['__proto__']],
    ['kid', () => '0000000000000000'],
    ['jku', () => url],
    ['x5u', () => url],
    ['x5c', () => ['MIIB']],
    ['jwk', () => ({ kty: 'oct', k: Buffer.from(SECRET_KEY).toString('base64url') })],
    ['crit', () => ['exp']],
    ['cty', () => 'JWT'],
  ])('is refused: %s (%#)', async (name, value) => {
    const ada = await server.person('ada');
    const token = forge(claimsOf(ada.token), SECRET_KEY, { ...headerOf(ada.token), [name]: value() });

    expectProblem(await server.rest.get('/api/users/me', { token }), 401, 'not_authenticated');
    expect(await opens(server, token)).toEqual([401, 401]);
    expect(calls).toBe(0);
  });

  it('is refused when it names the one key, and the other has signed', async () => {
    const ada = await server.person('ada');
    const token = forge(claimsOf(ada.token), NEXT_KEY, headerOf(ada.token));

    expect(await opens(server, token)).toEqual([401, 401]);
  });

  it('is good when it is like ours: the forger of this test can do it', async () => {
    const ada = await server.person('ada');

    expect(await opens(server, forge(claimsOf(ada.token), SECRET_KEY, headerOf(ada.token)))).toEqual([
      200, 101,
    ]);
    expect(await opens(server, forge(claimsOf(ada.token), NEXT_KEY))).toEqual([200, 101]);
  });

  it('of a token without kid that has expired under an old key says so', async () => {
    const ada = await server.person('ada');
    const token = forge({ ...claimsOf(ada.token), exp: Math.floor(Date.now() / 1000) - 1 }, NEXT_KEY);

    expectProblem(await server.rest.get('/api/users/me', { token }), 401, 'token_expired');
  });
});

describe('npm run admin -- rotate-key', () => {
  const server = new TestServer({ SECRET_KEY: '' });
  beforeAll(() => server.start());
  afterAll(() => server.remove());

  function rotate(
    env: Record<string, string> = {},
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const all = { ...process.env, DATABASE_URL: `sqlite:///${server.databasePath}`, SECRET_KEY: '', ...env };
    return new Promise((resolve) => {
      execFile(process.execPath, ['dist/admin.js', 'rotate-key'], { env: all }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
      );
    });
  }

  it('puts a new key first, for the next start; tokens of the old one stay good', async () => {
    const file = server.databasePath.replace(/\.db$/, '.secret');
    const before = (await readFile(file, 'utf8')).trim();
    const ada = await server.person('ada');

    const { code, stdout } = await rotate();

    expect(code).toBe(0);
    const keys = (await readFile(file, 'utf8')).trim().split('\n');
    expect(keys).toEqual([expect.stringMatching(/^[\w-]{86}$/), before]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    for (const key of keys) expect(stdout).not.toContain(key);
    await server.stop();
    await server.start();
    expect(await opens(server, ada.token)).toEqual([200, 101]);
    const again = await server.logIn(ada);
    expect(headerOf(again.token).kid).not.toBe(headerOf(ada.token).kid);
  });

  it('is in the audit log: by whom, and nothing of a key', async () => {
    const file = server.databasePath.replace(/\.db$/, '.secret');
    const admin = await server.operator('admin');
    const read = async () => (await server.rest.get<object[]>('/api/audit?action=key_rotated', admin)).body;
    const before = (await read()).length;

    const { code, stderr } = await rotate();

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [entry, ...others] = await read();
    expect(others).toHaveLength(before);
    expect(entry).toMatchObject({
      action: 'key_rotated',
      actor_id: null,
      actor_name: userInfo().username,
      address: 'command line',
      user_id: null,
      facts: { kept: expect.any(Number) },
    });
    for (const key of (await readFile(file, 'utf8')).trim().split('\n')) {
      expect(JSON.stringify(entry)).not.toContain(key);
      expect(JSON.stringify(entry)).not.toContain(fingerprintOf(key));
    }
  });

  it('is done with a database that is gone too, makes none, and says that it is not in the log', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'parlor-gone-'));
    try {
      const { code, stdout, stderr } = await rotate({ DATABASE_URL: `sqlite:///${folder}/parlor.db` });

      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: 'It is not in the audit log: there is no database.\n',
      });
      expect(stdout).toContain('parlor.secret has a new key');
      expect(await readdir(folder)).toEqual(['parlor.secret']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is done while another process has the lock, and says that it is not in the log', async () => {
    const lock = await DatabaseFile.lock(server.databasePath);

    const { code, stderr } = await rotate();

    await lock.release();
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/^It is not in the audit log: ./m),
    });
  });

  it('keeps four, and forgets the oldest', async () => {
    const file = server.databasePath.replace(/\.db$/, '.secret');
    const four = Array.from({ length: 4 }, () => randomBytes(48).toString('base64url'));
    await writeFile(file, four.join('\n'), { mode: 0o600 });

    await rotate();

    const keys = (await readFile(file, 'utf8')).trim().split('\n');
    expect(keys.slice(1)).toEqual(four.slice(0, 3));
  });

  it('refuses when the key is not in the file', async () => {
    const { code, stderr } = await rotate({ SECRET_KEY });

    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/^SECRET_KEY is set/) });
  });
});
