import { copyFile, rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SocketClient } from '../support/socket-client.js';
import { TestServer, type Person, type Room } from '../support/test-server.js';

let server: TestServer;
let backup: string;
let ada: Person;
let room: Room;
beforeEach(async () => {
  server = new TestServer();
  await server.start();
  backup = `${server.databasePath}.backup`;
  ada = await server.person('ada');
  room = await server.roomOf(ada);
});
afterEach(() => server.remove());

/** Where a client stopped reading. */
interface Place {
  after_seq: number;
  epoch?: string | undefined;
}

/** Both doors by which a client comes back. */
const DOORS = {
  '/ws/room/{id}': ({ after_seq, epoch }: Place) => {
    const query = `after_seq=${after_seq}${epoch === undefined ? '' : `&epoch=${epoch}`}`;
    return server.socket(`/ws/room/${room.id}?${query}`, ada);
  },
  join_room: async (place: Place) => {
    const client = await server.socket('/ws/auth', ada);
    client.send({ type: 'join_room', room_id: room.id, ...place });
    return client;
  },
};

async function post(...contents: string[]): Promise<void> {
  for (const content of contents) {
    const answer = await server.rest.post(`/api/rooms/${room.id}/messages`, { content }, ada);
    expect(answer.status).toBe(201);
  }
}

/** The epoch that belongs to what a client reads now. */
async function epochNow(): Promise<string> {
  const client = await DOORS.join_room({ after_seq: 0 });
  const { epoch: named } = await client.next('connection_established');
  const { epoch: joined } = await client.next('room_joined');
  const pages = await client.wholeHistory();
  expect(new Set([named, joined, ...pages.map(({ epoch }) => epoch)]).size).toBe(1);
  await client.close();
  return named;
}

async function restart(): Promise<void> {
  await server.stop();
  await server.start();
}

/** What an operator does after a disk has died. */
async function restore(): Promise<void> {
  await server.stop();
  for (const leftover of ['-wal', '-shm']) await rm(`${server.databasePath}${leftover}`, { force: true });
  await copyFile(backup, server.databasePath);
  await server.start();
}

async function textsOf(client: SocketClient): Promise<string[]> {
  return (await client.wholeHistory()).flatMap(({ messages }) => messages.map(({ content }) => content));
}

describe.each(Object.entries(DOORS))('Who comes back through %s', (_, comeBack) => {
  it('to a server that was restarted gets what was missed, in whatever epoch it read', async () => {
    await post('one', 'two');
    const first = await epochNow();
    await restart();
    await post('three');
    const second = await epochNow();
    await restart();
    await post('four');

    expect(second).not.toBe(first);
    const places = [
      { after_seq: 2, epoch: first },
      { after_seq: 3, epoch: second },
      { after_seq: 1, epoch: second },
      { after_seq: 4, epoch: await epochNow() },
    ];
    const missed = [['three', 'four'], ['four'], ['two', 'three', 'four'], []];
    for (const [index, place] of places.entries()) {
      const client = await comeBack(place);
      expect(await textsOf(client)).toEqual(missed[index]);
      expect(client.all('error')).toEqual([]);
    }
  });

  it('to a restored log is told that what it has is gone, also when the log is longer by now', async () => {
    await post('one', 'two');
    await server.file.copyTo(backup);
    await post('lost three', 'lost four');
    const epoch = await epochNow();
    await restore();
    await post('new three', 'new four', 'new five');

    for (const after_seq of [3, 4]) {
      const client = await comeBack({ after_seq, epoch });
      expect(await client.next('error')).toMatchObject({
        code: 'gap',
        room_id: room.id,
        after_seq,
        head_seq: 5,
      });
      expect(await textsOf(client)).toEqual(['one', 'two', 'new three', 'new four', 'new five']);
    }
  });

  it('to a restored log that has all it read goes on without a gap', async () => {
    await post('one', 'two');
    const epoch = await epochNow();
    await server.file.copyTo(backup);
    await post('lost three');
    await restore();
    await post('new three');

    const client = await comeBack({ after_seq: 2, epoch });

    expect(await textsOf(client)).toEqual(['new three']);
    expect(client.all('error')).toEqual([]);
  });

  it('to a backup from before the epoch it read in is told so', async () => {
    await post('one');
    await server.file.copyTo(backup);
    await restart();
    await post('lost two');
    const epoch = await epochNow();
    await restore();
    await post('new two', 'new three');

    const client = await comeBack({ after_seq: 2, epoch });

    expect(await client.next('error')).toMatchObject({ code: 'gap', after_seq: 2, head_seq: 3 });
    expect(await textsOf(client)).toEqual(['one', 'new two', 'new three']);
  });

  it('to a wiped database, in which everything was made anew, is told so', async () => {
    await post('old one', 'old two');
    const epoch = await epochNow();
    await server.remove();
    await server.start();
    ada = await server.person('ada');
    room = await server.roomOf(ada);
    await post('new one', 'new two', 'new three');

    const client = await comeBack({ after_seq: 2, epoch });

    expect(await client.next('error')).toMatchObject({ code: 'gap', after_seq: 2, head_seq: 3 });
    expect(await textsOf(client)).toEqual(['new one', 'new two', 'new three']);
  });

  it('with nothing read yet gets everything, whatever the epoch', async () => {
    await post('one');

    const client = await comeBack({ after_seq: 0, epoch: 'of another server' });

    expect(await textsOf(client)).toEqual(['one']);
    expect(client.all('error')).toEqual([]);
  });

  it('without an epoch is compared by place only, as before', async () => {
    await post('one', 'two');

    expect(await textsOf(await comeBack({ after_seq: 1 }))).toEqual(['two']);
    const beyond = await comeBack({ after_seq: 3 });
    expect(await beyond.next('error')).toMatchObject({ code: 'gap', after_seq: 3, head_seq: 2 });
  });
});
