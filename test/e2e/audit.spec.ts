import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { factsIn } from '../../src/audit/facts.parser.js';
import { AuditLog } from '../../src/audit/audit-log.js';
import { AuditEntry } from '../../src/audit/audit-entry.entity.js';
import { WriteQueue } from '../../src/database/write-queue.js';
import { authenticated } from '../support/authenticated.js';
import { handshake } from '../support/handshake.js';
import { expectProblem, expectWrongFields } from '../support/problems.js';
import { runServer, type Person } from '../support/test-server.js';

interface Entry {
  id: number;
  happened_at: string;
  actor_id: number | null;
  actor_name: string;
  action: string;
  user_id: number | null;
  room_id: number | null;
  facts: Record<string, unknown>;
  request_id: string;
  address: string;
}

describe('The audit log', () => {
  const server = runServer();
  const read = (admin: Person, query = '') => server.rest.get<Entry[]>(`/api/audit${query}`, admin);

  const write = (actor: Person, count: number, roomId: number) =>
    server.inside(WriteQueue).run(async (manager) => {
      for (let index = 0; index < count; index += 1) {
        const deed = {
          action: 'user_banned',
          userId: actor.id,
          roomId,
          facts: { reason: `${index}` },
        } as const;
        await server.inside(AuditLog).record(manager, authenticated(actor), deed);
      }
    });

  it('is for admins, and for nobody else', async () => {
    const [ada, ops, admin] = [
      await server.person('ada'),
      await server.operator('ops'),
      await server.operator('admin'),
    ];

    expectProblem(await server.rest.get('/api/audit'), 401, 'not_authenticated');
    expectProblem(await read(ada), 403, 'forbidden');
    expectProblem(await read(ops), 403, 'forbidden');
    expect((await read(admin)).status).toBe(200);
    expect((await read(admin, '/')).status).toBe(200);
  });

  it('says who did what to whom, when, where, and with which request', async () => {
    const admin = await server.operator('admin');
    const ada = await server.person('ada');
    const before = new Date().toISOString();
    await write(ada, 1, 4_711);

    const { body } = await read(admin, '?room_id=4711');

    expect(body).toEqual([
      {
        id: expect.any(Number),
        happened_at: expect.any(String),
        actor_id: ada.id,
        actor_name: ada.username,
        action: 'user_banned',
        user_id: ada.id,
        room_id: 4_711,
        facts: { reason: '0' },
        request_id: 'a-test',
        address: '127.0.0.1',
      },
    ]);
    expect((body[0]?.happened_at ?? '') >= before).toBe(true);
  });

  it('is read newest first, in pages, by actor, by user, by room and by deed', async () => {
    const admin = await server.operator('admin');
    const [ada, bob] = await server.people('ada', 'bob');
    await write(ada, 5, 1);
    await write(bob, 2, 2);

    const first = (await read(admin, `?actor_id=${ada.id}&limit=3`)).body;
    const second = (await read(admin, `?actor_id=${ada.id}&limit=3&before=${first.at(-1)?.id}`)).body;

    expect([...first, ...second].map(({ facts }) => facts.reason)).toEqual(['4', '3', '2', '1', '0']);
    expect((await read(admin, `?user_id=${bob.id}`)).body).toHaveLength(2);
    expect((await read(admin, `?room_id=2&actor_id=${ada.id}`)).body).toEqual([]);
    expect((await read(admin, `?action=user_banned&actor_id=${bob.id}`)).body).toHaveLength(2);
    expect((await read(admin, `?action=room_created&user_id=${bob.id}`)).body).toEqual([]);
    expectWrongFields(await read(admin, '?action=nothing'), 'action');
    expectWrongFields(await read(admin, '?limit=101'), 'limit');
    expectWrongFields(await read(admin, '?before=0'), 'before');
  });

  it('has no entry of a deed that was rolled back', async () => {
    const admin = await server.operator('admin');
    const ada = await server.person('ada');

    const failed = server.inside(WriteQueue).run(async (manager) => {
      await server
        .inside(AuditLog)
        .record(manager, authenticated(ada), { action: 'user_banned', userId: ada.id });
      expect(await manager.countBy(AuditEntry, { actorId: ada.id })).toBe(1);
      throw new Error('no');
    });

    await expect(failed).rejects.toThrow('no');
    expect((await read(admin, `?actor_id=${ada.id}`)).body).toEqual([]);
  });
});

describe('A request id', () => {
  const server = runServer();
  const proxied = runServer({ TRUST_PROXY: '1' });
  const UUID = /^[\da-f]{8}-[\da-f-]{27}$/;

  it('is in every answer, each time another one', async () => {
    const ids = [
      (await server.rest.get('/health/live')).headers.get('x-request-id'),
      (await server.rest.get('/nothing')).headers.get('x-request-id'),
      (await server.rest.get('/api/users/me')).headers.get('x-request-id'),
      (await handshake(`${server.socketUrl}/ws/auth`)).headers['x-request-id'],
    ];

    for (const id of ids) expect(id).toMatch(UUID);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is taken from a proxy that is trusted, and from nobody else', async () => {
    const headers = { 'x-request-id': 'given-by.the:proxy' };
    const nonsense = { 'x-request-id': 'x'.repeat(65) };
    const idOf = async (from: typeof server, named: Record<string, string>) =>
      (await from.rest.request('GET', '/health/live', { headers: named })).headers.get('x-request-id');

    expect(await idOf(proxied, headers)).toBe('given-by.the:proxy');
    expect(await idOf(proxied, nonsense)).toMatch(UUID);
    expect(await idOf(server, headers)).toMatch(UUID);
  });
});

describe('Security events', () => {
  const server = runServer({ LOG_LEVEL: 'warn', LOGIN_FAILURES: '1' });
  let events: Record<string, unknown>[] = [];
  beforeEach(() => {
    events = [];
    jest.spyOn(Logger.prototype, 'warn').mockImplementation((message: unknown) => {
      if (typeof message === 'string' && message.startsWith('{')) events.push(factsIn(message));
    });
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  const told = (event: string) => events.filter((one) => one.event === event);

  it('tell a wrong password and a throttled one, each with its request and without what was typed', async () => {
    const ada = await server.person('ada');
    const logIn = () =>
      server.rest.post('/api/token', { username: ada.username, password: 'not her password' });

    const answers = [await logIn(), await logIn()];

    expect(told('log_in_failed').map((event) => event.request_id)).toEqual(
      answers.slice(0, 1).map(({ headers }) => headers.get('x-request-id')),
    );
    expect(told('log_in_throttled')).toEqual([
      {
        event: 'log_in_throttled',
        request_id: answers[1]?.headers.get('x-request-id'),
        address: expect.stringMatching(/127\.0\.0\.1$/),
        scope: 'account',
      },
    ]);
    expect(JSON.stringify(events)).not.toContain(ada.username);
    expect(JSON.stringify(events)).not.toContain('not her password');
  });

  it('tell a refused handshake and a denied route', async () => {
    const ada = await server.person('ada');

    const refused = await handshake(`${server.socketUrl}/ws/auth?token=nonsense`);
    await server.rest.get('/api/audit', ada);

    expect(told('handshake_refused')).toMatchObject([
      { code: 'not_authenticated', request_id: refused.headers['x-request-id'] },
    ]);
    expect(told('access_denied')).toMatchObject([{ user_id: ada.id, needed: 'read_audit', method: 'GET' }]);
    expect(JSON.stringify(events)).not.toContain('nonsense');
  });

  it('tell where a page of a foreign origin was refused, though its token is good', async () => {
    const ada = await server.person('ada');
    const headers = { origin: 'https://evil.example' };

    const refused = await handshake(`${server.socketUrl}/ws/auth?token=${ada.token}`, { headers });

    expect(refused.status).toBe(403);
    expect(told('handshake_refused')).toEqual([
      {
        event: 'handshake_refused',
        request_id: refused.headers['x-request-id'],
        address: expect.stringMatching(/127\.0\.0\.1$/),
        code: 'origin_not_allowed',
      },
    ]);
  });

  it('in a flood are counted instead of written', async () => {
    const url = `${server.socketUrl}/ws/auth?token=nonsense`;

    await Promise.all(Array.from({ length: 300 }, () => handshake(url)));
    // The next one of a later second tells how many were left out.
    let last: Record<string, unknown> | undefined;
    while (last?.suppressed === undefined) {
      await handshake(url);
      last = told('handshake_refused').at(-1);
    }

    expect(told('handshake_refused').length).toBeLessThan(300);
    expect(Number(last.suppressed)).toBeGreaterThan(0);
  });
});
