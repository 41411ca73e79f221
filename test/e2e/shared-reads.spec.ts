import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { SessionEndings } from '../../src/auth/session-endings.js';
import { expectProblem } from '../support/problems.js';
import { authenticated } from '../support/authenticated.js';
import { handshake } from '../support/handshake.js';
import { runServer, type Person } from '../support/test-server.js';

const server = runServer();
afterEach(() => void jest.restoreAllMocks());

/** Lets the next query of the reading connection find what there is, and keeps its answer back. */
function holdNextRead() {
  const { manager } = server.inside(DataSource);
  const query = manager.query.bind(manager);
  let open = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  const reached = new Promise<void>((resolve) => {
    jest.spyOn(manager, 'query').mockImplementationOnce(async (...question) => {
      const answer: unknown = await query(...question);
      resolve();
      await opened;
      return answer;
    });
  });
  return { reached, open };
}

function logOutInside(person: Person): Promise<void> {
  return server.inside(SessionEndings).logOut(authenticated(person));
}

describe('Requests that share a look at their sessions', () => {
  it('see a log-out that was committed before them, though a look from before it is under way', async () => {
    const ada = await server.person('ada');
    const held = holdNextRead();
    const before = server.rest.get('/api/rooms/', ada);
    await held.reached;
    await logOutInside(ada);
    const after = [server.rest.get('/api/users/me', ada), server.rest.get('/api/rooms/', ada)];
    const socket = handshake(`${server.socketUrl}/ws/auth?token=${ada.token}`);
    held.open();

    expect((await before).status).toBe(200);
    for (const answer of await Promise.all(after)) expectProblem(answer, 401, 'not_authenticated');
    expect((await socket).status).toBe(401);
  });

  it('are each told about their own session, when some of them have ended', async () => {
    const people = await server.people('ada', 'bob', 'cyn', 'dan', 'eve', 'fay');
    await Promise.all(people.filter((_, index) => index % 2 === 1).map(logOutInside));

    const answers = await Promise.all(people.map((person) => server.rest.get('/api/users/me', person)));

    expect(answers.map(({ status }) => status)).toEqual([200, 401, 200, 401, 200, 401]);
    for (const [index, { body }] of answers.entries())
      if (index % 2 === 0) expect(body).toMatchObject({ id: people[index]?.id });
  });
});

describe('Requests that share a look at their rooms', () => {
  it('are each told how they stand to their own room', async () => {
    const [ada, bob, eve] = await server.people('ada', 'bob', 'eve');
    const shared = await server.roomOf(ada, bob);
    const secret = await server.room(ada, { visibility: 'private' });
    const look = (who: Person, room: { id: number }) =>
      server.rest.get(`/api/rooms/${room.id}`, who).then(({ status, body }) => ({ status, body }));

    const answers = await Promise.all([
      look(ada, shared),
      look(bob, shared),
      look(eve, shared),
      look(ada, secret),
      look(bob, secret),
      look(eve, { id: 999_999 }),
    ]);

    expect(answers).toMatchObject([
      { status: 200, body: { id: shared.id, name: shared.name, is_member: true, role: 'owner' } },
      { status: 200, body: { id: shared.id, name: shared.name, is_member: true, role: 'member' } },
      { status: 200, body: { id: shared.id, name: shared.name, is_member: false, role: null } },
      { status: 200, body: { id: secret.id, name: secret.name, visibility: 'private', role: 'owner' } },
      { status: 404 },
      { status: 404 },
    ]);
  });
});
