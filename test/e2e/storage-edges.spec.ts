import { rename } from 'node:fs/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { SessionsService } from '../../src/auth/sessions.service.js';
import { ConnectionRecorder } from '../../src/connections/connection-recorder.js';
import { roomTopic } from '../../src/connections/topics.js';
import { WriteQueue } from '../../src/database/write-queue.js';
import { RoomCatchUp } from '../../src/messages/room-catch-up.js';
import { RoomAccess } from '../../src/rooms/room-access.js';
import { DatabaseFile } from '../support/database-file.js';
import { runServer } from '../support/test-server.js';
import { until } from '../support/until.js';

const server = runServer();
/** Lets go of writes that a test has held back. */
let release = () => {};
afterEach(() => {
  release();
  jest.restoreAllMocks();
});

/** As the driver reports it. */
const ioError = () => Object.assign(new Error('SQLITE_IOERR: disk I/O error'), { code: 'SQLITE_IOERR' });
const REFUSED = { code: 'storage_unavailable', retryable: true };

describe('A read that fails', () => {
  it('in the look at the session is 503 with Retry-After', async () => {
    const ada = await server.person('ada');
    jest.spyOn(server.inside(SessionsService), 'userOf').mockRejectedValueOnce(ioError());

    const answer = await server.rest.get('/api/users/me/', ada);

    expect(answer).toMatchObject({ status: 503, body: { code: 'storage_unavailable' } });
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
  });

  it('in the log of one room leaves the socket and its other rooms as they are', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const [broken, whole] = [await server.roomOf(ada, bob), await server.roomOf(ada, bob)];
    const [bobs] = await server.connectAndJoin(whole, bob);
    const source = server.inside(RoomCatchUp);
    jest.spyOn(source, 'latest').mockRejectedValueOnce(ioError());

    bobs.send({ type: 'join_room', room_id: broken.id });

    expect(await bobs.next('error')).toMatchObject({ ...REFUSED, room_id: broken.id });
    const [inBroken] = await server.connectTo(broken, ada);
    const [inWhole] = await server.connectTo(whole, ada);
    await inBroken.say('not heard');
    await inWhole.say('heard');
    expect(await bobs.next('message')).toMatchObject({ room_id: whole.id, content: 'heard' });
    bobs.send({ type: 'join_room', room_id: broken.id });
    const { messages } = await bobs.next('message_history');
    expect(messages.map(({ content }) => content)).toEqual(['not heard']);
  });

  it('when a room is joined again says that it is heard no more', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [bobs] = await server.connectAndJoin(room, bob);
    jest.spyOn(server.inside(RoomAccess), 'require').mockRejectedValueOnce(ioError());

    expect(await bobs.ask({ type: 'join_room', room_id: room.id })).toMatchObject({
      ...REFUSED,
      room_id: room.id,
    });

    const [adas] = await server.connectTo(room, ada);
    await adas.say('not heard');
    await bobs.settled();
    expect(bobs.all('message')).toEqual([]);
  });

  it('for a subscription that has ended closes nothing', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [bobs] = await server.connect(bob);
    jest.spyOn(server.inside(RoomCatchUp), 'latest').mockImplementationOnce(async (topic) => {
      expect(topic).toBe(roomTopic(room.id));
      await server.rest.delete(`/api/rooms/${room.id}/members/${bob.id}`, ada);
      throw ioError();
    });

    bobs.send({ type: 'join_room', room_id: room.id });

    await bobs.next('room_left');
    await bobs.settled();
    expect(bobs.all('error')).toEqual([]);
    expect(bobs.isOpen).toBe(true);
  });
});

describe('A write that fails', () => {
  it('in its commit loses no record of a connection', async () => {
    const recorder = server.inside(ConnectionRecorder);
    await recorder.flush();
    const count = async () => (await server.database.query('SELECT COUNT(*) AS n FROM connections'))[0]?.n;
    const before = Number(await count());

    await rename(server.databasePath, `${server.databasePath}.away`);
    await server.socket('/ws');
    await recorder.flush();
    await rename(`${server.databasePath}.away`, server.databasePath);
    await server.socket('/ws');
    await recorder.flush();

    expect(await count()).toBe(before + 2);
  });

  it('refuses everybody who waits for the same lock at once, however many they are', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const clients = await server.connectTo(room, ...Array.from({ length: 10 }, () => ada));
    const lock = await DatabaseFile.lock(server.databasePath);
    const started = performance.now();

    const asked = clients.flatMap((client) =>
      Array.from({ length: 64 }, () => client.ask({ content: 'more than one batch of them' })),
    );
    const answers = await Promise.all(asked);
    const took = performance.now() - started;
    await lock.release();

    expect(new Set(answers.map((answer) => ('code' in answer ? answer.code : 'ack')))).toEqual(
      new Set(['storage_unavailable']),
    );
    // Once what the server waits for a lock, 5 s, and not twice.
    expect(took).toBeLessThan(9_000);
  });
});

describe('Typing from a socket that has gone', () => {
  it('is not begun when its last frames are handled', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas, bobs] = await server.connectTo(room, ada, bob);
    await new Promise<void>((holding) => {
      void server.inside(WriteQueue).run(() => {
        holding();
        return new Promise<void>((resolve) => (release = resolve));
      });
    });

    bobs.send({ content: 'last words' });
    bobs.send({ type: 'typing' });
    await bobs.close();
    await adas.next('user_disconnected');
    release();

    await adas.next('message');
    await until(
      () => server.rest.get('/health/ready'),
      ({ status }) => status === 200,
    );
    await adas.settled();
    expect(adas.all('user_typing')).toEqual([]);
  });
});
