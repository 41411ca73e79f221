import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { SessionEndings } from '../../src/auth/session-endings.js';
import { WriteQueue } from '../../src/database/write-queue.js';
import { authenticated } from '../support/authenticated.js';
import { handshake } from '../support/handshake.js';
import { expectProblem } from '../support/problems.js';
import { runServer, type Person } from '../support/test-server.js';
import { until } from '../support/until.js';

const server = runServer();
afterEach(() => {
  jest.restoreAllMocks();
});

interface Held {
  release: () => void;
  /** How many writes have been asked for since. */
  waiting: () => Promise<number>;
}

/** Keeps every write waiting until it is released. Resolves once none that was asked for before is left. */
async function holdWrites(): Promise<Held> {
  const queue = server.inside(WriteQueue);
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await new Promise<void>((holding) => {
    void queue.run(() => {
      holding();
      return released;
    });
  });
  const asked = jest.spyOn(queue, 'run');
  const waiting = () =>
    new Promise<number>((resolve) => setImmediate(() => resolve(asked.mock.calls.length)));
  return { release, waiting };
}

/** Ways in which a session ends. */
const ENDINGS: [string, (person: Person) => Promise<unknown>][] = [
  ['a log-out', (person) => server.inside(SessionEndings).logOut(authenticated(person))],
  [
    'the end of all sessions',
    (person) => server.inside(SessionEndings).endAll(authenticated(person), { keepCurrent: false }),
  ],
];

describe('A handshake that crosses', () => {
  it.each(ENDINGS)('%s is refused, though the session was alive when it was looked up', async (_, end) => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada);
    const writes = await holdWrites();

    const ended = end(bob);
    const entering = handshake(`${server.socketUrl}/ws/room/${room.id}?token=${bob.token}`);
    await until(writes.waiting, (count) => count === 2);
    writes.release();
    await ended;

    expect((await entering).status).toBe(401);
    const operator = await server.operator();
    expect((await server.rest.get('/api/connections', operator)).body).toMatchObject({
      total_connections: 0,
    });
  });
});

describe('A message that crosses', () => {
  it('the end of its author’s membership is stored before it, or refused', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const bobs = await server.socket('/ws/auth', bob);
    const writes = await holdWrites();

    bobs.send({ ref: 'before', room_id: room.id, content: 'before' });
    await until(writes.waiting, (count) => count === 1);
    const kicked = server.rest.delete(`/api/rooms/${room.id}/members/${bob.id}`, ada);
    await until(writes.waiting, (count) => count === 2);
    const late = server.rest.post(`/api/rooms/${room.id}/messages`, { content: 'after' }, bob);
    writes.release();

    expect((await kicked).status).toBe(204);
    expect(await bobs.answerTo('before')).toMatchObject({ type: 'ack', seq: 1 });
    const log = await server.rest.get<{ content: string }[]>(`/api/rooms/${room.id}/messages`, ada);
    const contents = log.body.map(({ content }) => content);
    expect(contents).toEqual((await late).status === 201 ? ['before', 'after'] : ['before']);
  });
});

describe('A kick that crosses', () => {
  it('the end of the right to kick comes before it, or is refused', async () => {
    const [ada, bob, cleo] = await server.people('ada', 'bob', 'cleo');
    const room = await server.roomOf(ada, bob, cleo);
    const members = `/api/rooms/${room.id}/members`;
    await server.rest.put(`${members}/${bob.id}/role`, ada, { role: 'admin' });
    const writes = await holdWrites();

    const demoted = server.rest.put(`${members}/${bob.id}/role`, ada, { role: 'member' });
    await until(writes.waiting, (count) => count === 1);
    const kicked = server.rest.delete(`${members}/${cleo.id}`, bob);
    await until(writes.waiting, (count) => count === 2);
    writes.release();

    expect((await demoted).status).toBe(200);
    expectProblem(await kicked, 403, 'forbidden');
    expect((await server.rest.get(members, cleo)).status).toBe(200);
  });
});

describe('A socket that is gone', () => {
  it('has what it sent before handled, but nothing any more once its user has logged out', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas, bobs] = await server.connectTo(room, ada, bob);

    for (let count = 0; count < 3_000; count += 1) bobs.send({ content: 'in a hurry' });
    await bobs.next('message');
    bobs.terminate();
    await server.rest.post('/api/logout', undefined, bob);
    const { seq } = await adas.say('after the log-out');
    await adas.say('some time later');

    const later = await server.rest.get<{ content: string }[]>(
      `/api/rooms/${room.id}/messages?after=${seq}`,
      ada,
    );
    expect(later.body.map(({ content }) => content)).toEqual(['some time later']);
  });
});
