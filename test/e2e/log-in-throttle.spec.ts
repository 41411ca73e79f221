import { describe, expect, it } from '@jest/globals';
import { expectProblem } from '../support/problems.js';
import { runServer, type Tokens } from '../support/test-server.js';
import { until } from '../support/until.js';

const LIMITS = { TRUST_PROXY: '1', LOGIN_FAILURES: '5', LOGIN_FAILURES_PER_ADDRESS: '12' };

/** Addresses of a network for documentation (RFC 5737), each test with its own. */
let networks = 0;
const network = () => {
  networks += 1;
  return (host: number) => `203.0.${networks}.${host}`;
};

describe('Wrong passwords', () => {
  const server = runServer(LIMITS);
  const tryAs = (username: string, password: string, address: string) =>
    server.rest.request<Tokens>('POST', '/api/token', {
      body: { username, password },
      headers: { 'x-forwarded-for': address },
    });

  it('for one account from one address: five are heard, then a wait, whether or not the account exists', async () => {
    const ada = await server.person('ada');
    const at = network();

    for (const username of [ada.username, server.uniqueName('nobody')]) {
      for (let count = 0; count < 5; count += 1) {
        expectProblem(await tryAs(username, 'wrong wrong', at(1)), 401, 'wrong_credentials');
      }
      const refused = await tryAs(username, 'wrong wrong', at(1));
      expectProblem(refused, 429, 'rate_limited');
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    }
  });

  it('make nobody wait elsewhere: a stranger cannot lock somebody out', async () => {
    const ada = await server.person('ada');
    const at = network();
    for (let count = 0; count < 10; count += 1) await tryAs(ada.username, 'wrong wrong', at(1));

    expect((await tryAs(ada.username, ada.password, at(1))).status).toBe(429);
    expect((await tryAs(ada.username, ada.password, at(2))).status).toBe(200);
  });

  it('from a hundred addresses at one account: one try for each, and the account’s own owner gets in', async () => {
    const ada = await server.person('ada');
    const at = network();
    for (let host = 1; host <= 20; host += 1) await tryAs(ada.username, 'wrong wrong', at(host));

    const second: number[] = [];
    for (let host = 30; host < 60; host += 1) {
      await tryAs(ada.username, 'wrong wrong', at(host));
      second.push((await tryAs(ada.username, 'wrong wrong', at(host))).status);
    }

    expect(new Set(second)).toEqual(new Set([429]));
    expect((await tryAs(ada.username, ada.password, at(99))).status).toBe(200);
  });

  it('from one address for many accounts: it waits, but not for somebody who has logged in from there', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const at = network();
    expect((await tryAs(ada.username, ada.password, at(1))).status).toBe(200);

    for (let count = 0; count < 14; count += 1)
      await tryAs(server.uniqueName('nobody'), 'wrong wrong', at(1));

    expectProblem(await tryAs(bob.username, bob.password, at(1)), 429, 'rate_limited');
    expect((await tryAs(ada.username, ada.password, at(1))).status).toBe(200);
    expect((await tryAs(bob.username, bob.password, at(2))).status).toBe(200);
  });

  it('at once count one by one: a hundred in parallel are not all heard', async () => {
    const ada = await server.person('ada');
    const at = network();

    const answers = await Promise.all(
      Array.from({ length: 100 }, () => tryAs(ada.username, 'wrong wrong', at(1))),
    );

    const heard = answers.filter(({ status }) => status === 401);
    // Where a hundred requests take seconds, a wait ends meanwhile and the next is heard; each is twice as long.
    expect(heard.length).toBeGreaterThanOrEqual(5);
    expect(heard.length).toBeLessThanOrEqual(9);
    expect(answers.every(({ status }) => status === 401 || status === 429)).toBe(true);
  });

  it('are forgotten by a right one', async () => {
    const ada = await server.person('ada');
    const at = network();

    for (let round = 0; round < 2; round += 1) {
      for (let count = 0; count < 4; count += 1) {
        expect((await tryAs(ada.username, 'wrong wrong', at(round + 1))).status).toBe(401);
      }
      expect((await tryAs(ada.username, ada.password, at(round + 1))).status).toBe(200);
      for (let count = 0; count < 4; count += 1) {
        expect((await tryAs(ada.username, 'wrong wrong', at(round + 1))).status).toBe(401);
      }
    }
  });

  it('of an address that the client made up count for the one that the proxy saw', async () => {
    const ada = await server.person('ada');
    const at = network();

    const answers = [];
    for (let count = 0; count < 8; count += 1) {
      answers.push(await tryAs(ada.username, 'wrong wrong', `198.51.100.${count}, ${at(1)}`));
    }

    expect(answers.at(-1)?.status).toBe(429);
  });
});

describe('A wait', () => {
  const server = runServer({ LOGIN_FAILURES: '1', LOGIN_LONGEST_WAIT_SECONDS: '1' });

  it('ends, and then the right password is heard', async () => {
    const ada = await server.person('ada');
    const logIn = (password: string) => server.rest.post('/api/token', { username: ada.username, password });
    await logIn('wrong wrong');
    expect((await logIn(ada.password)).status).toBe(429);

    const heard = await until(
      () => logIn(ada.password),
      ({ status }) => status !== 429,
    );

    expect(heard.status).toBe(200);
  });
});
