import { hash } from 'bcrypt';
import { describe, expect, it } from '@jest/globals';
import { expectProblem, expectWrongFields } from '../support/problems.js';
import { runServer, type Person } from '../support/test-server.js';

describe('A password that is chosen', () => {
  const server = runServer();
  const signUp = (password: string) => {
    const username = server.uniqueName('eve');
    return server.rest.post('/api/users/', { username, email: `${username}@example.org`, password });
  };

  it.each(['password1', 'PassWord1', 'qwertyuiop', 'iloveyou', '11111111', 'football1'])(
    'may not be what everybody tries first: %s',
    async (password) => {
      expectWrongFields(await signUp(password), 'password');
    },
  );

  it('may not be the name or the address of the account', async () => {
    const username = server.uniqueName('Somebody');
    const email = `${username}@example.org`;

    for (const password of [username.toLowerCase(), email.toUpperCase()]) {
      expectWrongFields(await server.rest.post('/api/users/', { username, email, password }), 'password');
    }
    expect(
      (await server.rest.post('/api/users/', { username, email, password: `${username}!` })).status,
    ).toBe(201);
  });

  it('is not repeated in the answer that refuses it', async () => {
    expect((await signUp('qwertyuiop')).text).not.toContain('qwertyuiop');
  });

  it.each(['correct horse', 'ünïcödé pässwörd', '   spaces   ', 'emoji 😀😀😀😀'])(
    'is taken as it is: %s',
    async (password) => {
      const username = server.uniqueName('ada');
      const account = { username, email: `${username}@example.org`, password };

      expect((await server.rest.post('/api/users/', account)).status).toBe(201);
      expect((await server.rest.post('/api/token', { username, password })).status).toBe(200);
      expect(
        (await server.rest.post('/api/token', { username, password: password.trim() + '.' })).status,
      ).toBe(401);
    },
  );
});

describe('A password that was stored at a lower cost', () => {
  const server = runServer({ BCRYPT_COST: '6' });
  const costOf = async ({ id }: Person) => {
    const [row] = await server.database.query(`SELECT password_hash FROM users WHERE id = ${id}`);
    return String(row?.password_hash).split('$')[2];
  };
  const storeAt = async (cost: number, { id, password }: Person) => {
    await server.database.execute(
      `UPDATE users SET password_hash = '${await hash(password, cost)}' WHERE id = ${id}`,
    );
  };

  it('is hashed anew by the next log-in, and stays the same password', async () => {
    const ada = await server.person('ada');
    await storeAt(4, ada);

    await server.logIn(ada);

    expect(await costOf(ada)).toBe('06');
    await server.logIn(ada);
  });

  it('stays as it is after a wrong one, and when it was stored at a higher cost', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    await storeAt(4, ada);
    await storeAt(7, bob);

    const wrong = await server.rest.post('/api/token', {
      username: ada.username,
      password: 'not her password',
    });
    await server.logIn(bob);

    expectProblem(wrong, 401, 'wrong_credentials');
    expect([await costOf(ada), await costOf(bob)]).toEqual(['04', '07']);
  });
});

const SAMPLES = 31;

describe('Whether a user exists', () => {
  /** High enough that the hash is nearly all of the time, and that its absence would be seen. */
  const server = runServer({ BCRYPT_COST: '9' });

  it('is not told by the time of the answer', async () => {
    const ada = await server.person('ada');
    // What the server works for an answer, not how long the machine lets it wait: that depends on what else there is to do.
    const timed = async (username: string) => {
      const start = process.cpuUsage();
      await server.rest.post('/api/token', { username, password: 'not her password' });
      const { user, system } = process.cpuUsage(start);
      return user + system;
    };
    const times = { wrong: [NaN], unknown: [NaN] };
    for (let sample = 0; sample < SAMPLES; sample += 1) {
      times.wrong.push(await timed(ada.username));
      times.unknown.push(await timed(`nobody_${sample}`));
    }

    const ratio = quartileOf(times.unknown) / quartileOf(times.wrong);
    expect(ratio).toBeGreaterThan(0.85);
    expect(ratio).toBeLessThan(1.15);
  });
});

/** The lower one: other work on the machine makes times longer, never shorter. */
function quartileOf(values: number[]): number {
  return values.filter((value) => value > 0).sort((a, b) => a - b)[Math.floor(SAMPLES / 4)] ?? NaN;
}
