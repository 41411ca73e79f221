import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runServer, TestServer } from '../support/test-server.js';

const server = runServer();

interface Ending {
  code: number;
  stdout: string;
  stderr: string;
}

/** The command line of operators, as a process of its own. */
function admin(databasePath: string, ...args: string[]): Promise<Ending> {
  const env = { ...process.env, DATABASE_URL: `sqlite:///${databasePath}`, BCRYPT_COST: '4', SECRET_KEY: '' };
  return new Promise((resolve) => {
    execFile(process.execPath, ['dist/admin.js', ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

describe('npm run admin -- grant', () => {
  it('gives a role that counts at once, with the server running', async () => {
    const ada = await server.person('ada');
    expect((await server.rest.get('/api/connections', ada)).status).toBe(403);

    const { code, stdout } = await admin(server.databasePath, 'grant', ada.username.toUpperCase(), 'ops');

    expect({ code, stdout }).toEqual({ code: 0, stdout: `${ada.username} has the role ops.\n` });
    expect((await server.rest.get('/api/connections', ada)).status).toBe(200);
  });

  it('gives admin, which is ops and more, and takes it back', async () => {
    const ada = await server.person('ada');

    await admin(server.databasePath, 'grant', ada.username, 'admin');
    expect((await server.rest.get('/api/connections', ada)).status).toBe(200);
    await admin(server.databasePath, 'grant', ada.username, 'user');
    expect((await server.rest.get('/api/connections', ada)).status).toBe(403);
  });

  it('leaves the records of open sockets alone', async () => {
    const ada = await server.person('ada');
    await server.socket('/ws/auth', ada);

    await admin(server.databasePath, 'grant', ada.username, 'ops');

    const seen = await server.rest.get<{ total_connections: number }>('/api/connections', ada);
    expect(seen.body.total_connections).toBe(1);
    const open = 'SELECT COUNT(*) AS count FROM connections WHERE closed_at IS NULL AND user_id = ?';
    expect(await server.database.query(open, [ada.id])).toEqual([{ count: 1 }]);
  });

  it.each([[[]], [['grant']], [['grant', 'ada']], [['grant', 'ada', 'king']], [['revoke', 'ada', 'ops']]])(
    'explains itself to %j',
    async (args) => {
      const { code, stderr } = await admin(server.databasePath, ...args);

      expect(code).toBe(2);
      expect(stderr).toContain('Usage: npm run admin -- grant USERNAME user|ops|admin');
    },
  );

  it('makes no user with a name that nobody may have', async () => {
    const { code, stderr } = await admin(server.databasePath, 'grant', 'two words', 'ops');

    expect(code).toBe(1);
    expect(stderr).toMatch(/^username must be text/);
  });
});

describe('npm run admin, before the server has ever run', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parlor-admin-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('makes the database and a user, who can log in with the password that it prints', async () => {
    const path = join(folder, 'parlor.db');

    const { code, stdout } = await admin(path, 'grant', 'root', 'admin');

    expect(code).toBe(0);
    const password = /^root is new and has the role admin\. The password, shown only here: (\S{16,})$/m.exec(
      stdout,
    )?.[1];
    const started = new TestServer({ DATABASE_URL: `sqlite:///${path}` });
    await started.start();
    try {
      const token = await started.rest.post<{ access_token: string }>('/api/token', {
        username: 'root',
        password,
      });
      expect(token.status).toBe(200);
      const seen = await started.rest.get('/api/connections', { token: token.body.access_token });
      expect(seen.status).toBe(200);
    } finally {
      await started.remove();
    }
  });
});
