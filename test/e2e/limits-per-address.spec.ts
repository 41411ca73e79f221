import { describe, expect, it } from '@jest/globals';
import { handshake } from '../support/handshake.js';
import { expectProblem } from '../support/problems.js';
import { runServer } from '../support/test-server.js';
import { TRUSTED_ORIGIN } from '../support/test-settings.js';
import { until } from '../support/until.js';

/** What the one trusted proxy before these servers says about a client. */
const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
/** A refill in a thousand seconds and more: none within a test. */
const NEVER = '0.1';

describe('Sockets of one address', () => {
  const server = runServer({ MAX_CONNECTIONS_PER_ADDRESS: '2', TRUST_PROXY: '1' });
  const ask = (address: string) => handshake(`${server.socketUrl}/ws`, from(address));

  it('beyond the limit get 429 before the upgrade, with Retry-After; other addresses are let in', async () => {
    const ada = await server.person('ada');
    const first = await server.socket('/ws', undefined, from('192.0.2.1'));
    await server.socket('/ws/auth', ada, from('192.0.2.1'));

    for (const path of ['/ws', '/ws/echo', `/ws/auth?token=${ada.token}`]) {
      const refusal = await handshake(server.socketUrl + path, from('192.0.2.1'));
      expect(refusal.status).toBe(429);
      expect(Number(refusal.headers['retry-after'])).toBeGreaterThanOrEqual(1);
      expect(JSON.parse(refusal.text)).toMatchObject({ status: 429, code: 'too_many_connections' });
    }
    expect((await ask('192.0.2.2')).status).toBe(101);
    await first.settled();

    await first.close();
    await until(
      () => ask('192.0.2.1'),
      (answer) => answer.status === 101,
    );
  });

  it('are counted from the handshake on: a hundred at once do not slip past', async () => {
    const attempts = await Promise.allSettled(
      Array.from({ length: 100 }, () => server.socket('/ws', undefined, from('192.0.2.3'))),
    );

    expect(attempts.filter((attempt) => attempt.status === 'fulfilled')).toHaveLength(2);
  });

  it('are not used up by handshakes that fail', async () => {
    for (let count = 0; count < 20; count += 1) {
      const answer = await handshake(`${server.socketUrl}/ws/auth?token=nonsense`, from('192.0.2.4'));
      expect(answer.status).toBe(401);
    }

    expect((await ask('192.0.2.4')).status).toBe(101);
  });

  it.each<[string, string, string, string]>([
    ['IPv6 addresses of one network', '2001:db8:0:1::1', '2001:db8:0:1:ffff:ffff::2', '2001:db8:0:2::1'],
    ['an IPv4 address and the same as IPv6', '192.0.2.5', '::ffff:192.0.2.5', '::ffff:192.0.2.6'],
    ['ports, which some proxies add', '192.0.2.7:4711', '192.0.2.7:4712', '192.0.2.8:4711'],
  ])('are counted together for %s', async (_, one, same, other) => {
    await server.socket('/ws', undefined, from(one));
    await server.socket('/ws', undefined, from(same));

    expect((await ask(one)).status).toBe(429);
    expect((await ask(same)).status).toBe(429);
    expect((await ask(other)).status).toBe(101);
  });

  it('belong to the address that the proxy saw, whatever the client claims', async () => {
    await server.socket('/ws', undefined, from('203.0.113.1, 192.0.2.9'));
    await server.socket('/ws', undefined, from('203.0.113.2, 192.0.2.9'));

    expect((await ask('203.0.113.3, 192.0.2.9')).status).toBe(429);
    expect((await ask('192.0.2.9, 203.0.113.4')).status).toBe(101);
  });
});

describe('Without a trusted proxy', () => {
  const server = runServer({ MAX_CONNECTIONS_PER_ADDRESS: '2' });

  it('X-Forwarded-For is nothing but text', async () => {
    await server.socket('/ws', undefined, from('192.0.2.1'));
    await server.socket('/ws', undefined, from('192.0.2.2'));

    expect((await handshake(`${server.socketUrl}/ws`, from('192.0.2.3'))).status).toBe(429);
  });
});

describe('Handshakes of one address', () => {
  const server = runServer({
    UPGRADES_PER_SECOND_PER_ADDRESS: NEVER,
    UPGRADES_BURST_PER_ADDRESS: '3',
    TRUST_PROXY: '1',
  });

  it('beyond the burst get 429, each with a later time to come back; whoever is in stays in', async () => {
    const crowd = from('192.0.2.1');
    const inside = await server.socket('/ws', undefined, crowd);
    for (const path of ['/nothing', '/ws/auth?token=nonsense'])
      await handshake(server.socketUrl + path, crowd);

    const waits: number[] = [];
    for (const path of ['/ws', '/nothing']) {
      const refusal = await handshake(server.socketUrl + path, crowd);
      expect(refusal.status).toBe(429);
      expect(JSON.parse(refusal.text)).toMatchObject({ code: 'rate_limited' });
      waits.push(Number(refusal.headers['retry-after']));
    }
    expect(waits[0]).toBeGreaterThanOrEqual(1);
    expect(waits[1]).toBeGreaterThan(waits[0] ?? 0);
    expect((await handshake(`${server.socketUrl}/ws`, from('192.0.2.2'))).status).toBe(101);
    await inside.settled();
  });
});

describe('Handshakes of all together', () => {
  const server = runServer({ UPGRADES_PER_SECOND: NEVER, UPGRADES_BURST: '3', TRUST_PROXY: '1' });

  it('beyond the burst get 503, from wherever they come; REST and open sockets go on', async () => {
    const ada = await server.person('ada');
    const [adas] = await server.connect(ada);
    for (const address of ['192.0.2.1', '192.0.2.2']) {
      expect((await handshake(`${server.socketUrl}/ws`, from(address))).status).toBe(101);
    }

    const refusal = await handshake(`${server.socketUrl}/ws`, from('192.0.2.3'));

    expect(refusal.status).toBe(503);
    expect(Number(refusal.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(JSON.parse(refusal.text)).toMatchObject({ code: 'server_full' });
    expect((await server.rest.get('/api/users/me/', ada)).status).toBe(200);
    await adas.settled();
  });
});

describe('Requests', () => {
  const server = runServer({
    REQUESTS_PER_SECOND: NEVER,
    REQUESTS_BURST: '5',
    REQUESTS_PER_SECOND_PER_ADDRESS: NEVER,
    REQUESTS_BURST_PER_ADDRESS: '20',
    TRUST_PROXY: '1',
  });
  const get = (path: string, address: string, as?: { token: string }) =>
    server.rest.request('GET', path, { ...from(address), as });

  it('with a token count for its user, on every address, and each answer says what is left', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const [adas] = await server.connect(ada);

    for (const left of [4, 3, 2, 1, 0]) {
      const answer = await get('/api/users/me/', `192.0.2.${left}`, ada);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('ratelimit-policy')).toBe('"user";q=5;w=50');
      expect(answer.headers.get('ratelimit')).toMatch(new RegExp(`^"user";r=${left};t=\\d+$`));
    }
    const refused = await get('/api/users/me/', '192.0.2.9', ada);

    expectProblem(refused, 429, 'rate_limited');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(refused.headers.get('ratelimit')).toMatch(/^"user";r=0;t=\d+$/);
    expect((await get('/api/users/me/', '192.0.2.9', bob)).status).toBe(200);
    await adas.settled();
  });

  it('without one, or with one that nobody knows, count for their address; its users do not suffer', async () => {
    const flood = '198.51.100.1';
    const cleo = await server.person('cleo');
    await server.connect(cleo);
    const paths = ['/health/live', '/api/rooms/', '/nothing', '/docs'];
    for (let count = 0; count < 20; count += 1) {
      const forged = count % 2 === 0 ? undefined : { token: `${cleo.token}${count}` };
      expect([200, 401, 404]).toContain((await get(paths[count % 4] ?? '', flood, forged)).status);
    }

    for (const path of paths) {
      const refused = await get(path, flood);
      expectProblem(refused, 429, 'rate_limited');
      expect(refused.headers.get('ratelimit-policy')).toBe('"address";q=20;w=200');
    }
    expect((await get('/health/live', '198.51.100.2')).status).toBe(200);
    expect((await get('/api/users/me/', flood, cleo)).status).toBe(200);
  });

  it('that are refused cost no body, and a page can read why', async () => {
    const headers = { ...from('198.51.100.3').headers, origin: TRUSTED_ORIGIN };
    const post = () =>
      server.rest.request('POST', '/api/token', {
        raw: '{',
        headers: { ...headers, 'content-type': 'application/json' },
      });

    const refused = await until(post, (answer) => answer.status === 429);

    expectProblem(refused, 429, 'rate_limited');
    expect(refused.headers.get('access-control-allow-origin')).toBe(TRUSTED_ORIGIN);
  });
});
