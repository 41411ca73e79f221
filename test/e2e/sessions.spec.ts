import { describe, expect, it } from '@jest/globals';
import { claimsOf } from '../support/forged-tokens.js';
import { expectProblem, expectWrongFields } from '../support/problems.js';
import { runServer, type Person, type Tokens } from '../support/test-server.js';

interface SessionView {
  id: string;
  device: string;
  address: string;
  created_at: string;
  last_used_at: string;
  expires_at: string;
  current: boolean;
}

const server = runServer({ TRUST_PROXY: '1' });

const sessionOf = (who: { token: string }) => String(claimsOf(who.token).sid);

async function sessionsOf(person: Person): Promise<SessionView[]> {
  return (await server.rest.get<SessionView[]>('/api/sessions', person)).body;
}

/** The same person on another device. */
async function elsewhere(person: Person): Promise<Person> {
  return { ...person, ...(await server.logIn(person)) };
}

function refresh(person: Person, headers: Record<string, string> = {}) {
  const raw = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: person.refreshToken });
  return server.rest.request<Tokens>('POST', '/api/token', { raw, headers });
}

async function expectEnded(person: Person): Promise<void> {
  expectProblem(await server.rest.get('/api/users/me', person), 401, 'not_authenticated');
  expectProblem(await refresh(person), 401, 'not_authenticated');
}

async function auditOf(action: string, person: Person): Promise<unknown[]> {
  const admin = await server.operator('admin');
  return (await server.rest.get<unknown[]>(`/api/audit?action=${action}&user_id=${person.id}`, admin)).body;
}

describe('The list of sessions', () => {
  it('has one for each log-in, with device, address and times, and says which one asks', async () => {
    const ada = await server.person('ada');
    const raw = new URLSearchParams({ username: ada.username, password: ada.password });
    const headers = { 'user-agent': 'a phone', 'x-forwarded-for': '203.0.113.7' };
    const phone = (await server.rest.request<Tokens>('POST', '/api/token', { raw, headers })).body;

    const sessions = await sessionsOf(ada);

    expect(sessions.map(({ id }) => id).sort()).toEqual(
      [sessionOf(ada), sessionOf({ token: phone.access_token })].sort(),
    );
    expect(sessions.find(({ current }) => !current)).toEqual({
      id: sessionOf({ token: phone.access_token }),
      device: 'a phone',
      address: '203.0.113.7',
      created_at: expect.stringMatching(/Z$/),
      last_used_at: expect.stringMatching(/Z$/),
      expires_at: expect.stringMatching(/Z$/),
      current: false,
    });
    expect(sessions.find(({ current }) => current)?.id).toBe(sessionOf(ada));
    expect(JSON.stringify(sessions)).not.toMatch(/hash|refresh/);
  });

  it('moves on with each refresh: when, from where and with what', async () => {
    const ada = await server.person('ada');
    await server.database.execute(
      `UPDATE sessions SET created_at = 1000, last_used_at = 1000 WHERE id = '${sessionOf(ada)}'`,
    );

    const headers = { 'user-agent': 'a newer browser', 'x-forwarded-for': '198.51.100.9' };
    expect((await refresh(ada, headers)).status).toBe(200);

    const [session] = await sessionsOf(ada);
    expect(session).toMatchObject({
      device: 'a newer browser',
      address: '198.51.100.9',
      created_at: '1970-01-01T00:00:01.000Z',
    });
    expect(Date.parse(session?.last_used_at ?? '')).toBeGreaterThan(1000);
  });

  it('leaves out those that have ended and those of others', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const [ended, expired] = [await elsewhere(ada), await elsewhere(ada)];
    await server.rest.post('/api/logout', undefined, ended);
    await server.database.execute(`UPDATE sessions SET expires_at = 1 WHERE id = '${sessionOf(expired)}'`);

    expect((await sessionsOf(ada)).map(({ id }) => id)).toEqual([sessionOf(ada)]);
    expect((await sessionsOf(bob)).map(({ id }) => id)).toEqual([sessionOf(bob)]);
  });
});

describe('Ending one session', () => {
  it('refuses its tokens and closes its sockets, and touches no other', async () => {
    const ada = await server.person('ada');
    const phone = await elsewhere(ada);
    const room = await server.roomOf(ada);
    const [here] = await server.connect(ada);
    const [many] = await server.connect(phone);
    const [one] = await server.connectTo(room, phone);

    const answer = await server.rest.delete(`/api/sessions/${sessionOf(phone)}`, ada);

    expect(answer).toMatchObject({ status: 204, text: '' });
    expect(await many.closed()).toMatchObject({ code: 4401, reason: expect.stringMatching(/session ended/) });
    expect(await one.closed()).toMatchObject({ code: 4401 });
    await expectEnded(phone);
    await here.settled();
    expect(await auditOf('session_ended', ada)).toMatchObject([
      { actor_id: ada.id, facts: { session_id: sessionOf(phone), reason: 'ended_by_user' } },
    ]);
  });

  it('may be the current one', async () => {
    const ada = await server.person('ada');

    expect((await server.rest.delete(`/api/sessions/${sessionOf(ada)}`, ada)).status).toBe(204);

    await expectEnded(ada);
  });

  it('takes one of somebody else for missing, and leaves it alone', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const [bobs] = await server.connect(bob);
    const missing = '00000000-0000-4000-8000-000000000000';

    const other = await server.rest.delete(`/api/sessions/${sessionOf(bob)}`, ada);
    const none = await server.rest.delete(`/api/sessions/${missing}`, ada);

    expect(expectProblem(other, 404, 'session_not_found')).toEqual(
      expectProblem(none, 404, 'session_not_found'),
    );
    await bobs.settled();
    expect((await server.rest.get('/api/users/me', bob)).status).toBe(200);
  });

  it.each([
    ['SQL', "'; DROP TABLE sessions --"],
    ['a number', '1'],
    ['a path', '../users'],
    ['U+0000', '\0'],
    ['4,000 characters', 'x'.repeat(4_000)],
  ])('knows no session that is %s', async (_, id) => {
    const ada = await server.person('ada');

    const answer = await server.rest.delete(`/api/sessions/${encodeURIComponent(id)}`, ada);

    expectProblem(answer, 404, 'session_not_found');
    expect((await server.rest.get('/api/users/me', ada)).status).toBe(200);
  });

  it('is done once: the second time there is no such session', async () => {
    const ada = await server.person('ada');
    const phone = await elsewhere(ada);
    const path = `/api/sessions/${sessionOf(phone)}`;

    const answers = await Promise.all([server.rest.delete(path, ada), server.rest.delete(path, ada)]);

    expect(answers.map(({ status }) => status).sort()).toEqual([204, 404]);
    expect(await auditOf('session_ended', ada)).toHaveLength(1);
  });
});

describe('Ending all sessions', () => {
  it('ends the others and keeps the one that asks', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const others = [await elsewhere(ada), await elsewhere(ada)];
    const [here, ...there] = await server.connect(ada, ...others);
    const [bobs] = await server.connect(bob);

    const answer = await server.rest.delete('/api/sessions', ada);

    expect(answer).toMatchObject({ status: 200, body: { ended: 2 } });
    for (const socket of there) expect(await socket.closed()).toMatchObject({ code: 4401 });
    for (const other of others) await expectEnded(other);
    await here.settled();
    await bobs.settled();
    expect((await refresh(ada)).status).toBe(200);
    expect(await auditOf('sessions_ended', ada)).toMatchObject([
      { actor_id: ada.id, facts: { count: 2, kept_current: 'yes' } },
    ]);
  });

  it('ends the one that asks too, if it says so', async () => {
    const ada = await server.person('ada');
    const phone = await elsewhere(ada);
    const sockets = await server.connect(ada, phone);

    const answer = await server.rest.delete('/api/sessions?keep_current=false', ada);

    expect(answer).toMatchObject({ status: 200, body: { ended: 2 } });
    for (const socket of sockets) expect(await socket.closed()).toMatchObject({ code: 4401 });
    for (const person of [ada, phone]) await expectEnded(person);
  });

  it('does nothing when it is not understood', async () => {
    const ada = await server.person('ada');
    const phone = await elsewhere(ada);

    expectWrongFields(await server.rest.delete('/api/sessions?keep_current=no', ada), 'keep_current');
    expectWrongFields(await server.rest.delete('/api/sessions?keepCurrent=false', ada), 'keepCurrent');

    expect((await server.rest.get('/api/users/me', phone)).status).toBe(200);
  });

  it('does not reach a log-in that comes behind it', async () => {
    const ada = await server.person('ada');
    const phone = await elsewhere(ada);

    await server.rest.delete('/api/sessions?keep_current=false', phone);
    const again = await elsewhere(ada);
    const [socket] = await server.connect(again);

    await socket.settled();
    expect((await sessionsOf(again)).map(({ id }) => id)).toEqual([sessionOf(again)]);
  });
});

describe('A refresh token that is used twice', () => {
  it('is written down as the deed of nobody', async () => {
    const ada = await server.person('ada');
    await refresh(ada);

    await refresh(ada);

    expect(await auditOf('session_ended', ada)).toMatchObject([
      { actor_id: null, actor_name: 'the server', facts: { reason: 'refresh_token_reused' } },
    ]);
  });
});
