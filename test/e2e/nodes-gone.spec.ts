import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SocketClient } from '../support/socket-client.js';
import { ServerProcess } from '../support/server-process.js';
import { ON_POSTGRES, TestServer, type Person, type Room } from '../support/test-server.js';
import { until } from '../support/until.js';

const LEASE = { NODE_LEASE_MS: '900' };

/** A node in this process, which stays, and one in a process of its own, which does not. */
let server: TestServer;
let other: ServerProcess;
let otherUrl: string;
let elsewhere: SocketClient[];
beforeEach(async () => {
  server = new TestServer(LEASE, ON_POSTGRES);
  await server.start();
  other = await ServerProcess.inFolder();
  otherUrl = await other.start({ ...server.shared, ...LEASE, NODE_NAME: 'the other', LOG_LEVEL: 'silent' });
  elsewhere = [];
  await until(
    () => server.database.query('SELECT name FROM nodes'),
    (nodes) => nodes.length === 2,
  );
});
afterEach(async () => {
  for (const socket of elsewhere) socket.terminate();
  await other.remove();
  await server.remove();
});

/** A room socket of the other node, with the history read. */
async function connectElsewhere(room: Room, who: Person): Promise<SocketClient> {
  const headers = { authorization: `Bearer ${who.token}` };
  const url = `${otherUrl.replace('http', 'ws')}/ws/room/${room.id}`;
  const socket = await SocketClient.open(url, { headers });
  elsewhere.push(socket);
  await socket.next('connection_established');
  await socket.next('message_history');
  return socket;
}

describe('A node that dies', () => {
  it('leaves no ghosts: the others tell the rooms whom they have lost, and close its records', async () => {
    const [ada, bob, eve] = await server.people('ada', 'bob', 'eve');
    const room = await server.roomOf(ada, bob, eve);
    const [bobs, eves] = await server.connectTo(room, bob, eve);
    const adas = await connectElsewhere(room, ada);
    await connectElsewhere(room, bob);
    await adas.say('here I am');
    expect(await bobs.next('message')).toMatchObject({ content: 'here I am' });
    await until(
      () => server.database.query("SELECT * FROM connections WHERE node = 'the other' AND closed_at IS NULL"),
      (open) => open.length === 2,
    );

    other.signal('SIGKILL');
    await other.ended();

    expect(await bobs.next('user_disconnected')).toMatchObject({ user_id: ada.id, room_id: room.id });
    expect(await eves.next('user_disconnected')).toMatchObject({ user_id: ada.id });
    await until(
      () => server.database.query("SELECT closed_at FROM connections WHERE node = 'the other'"),
      (left) => left.length === 2 && left.every(({ closed_at: closedAt }) => closedAt !== null),
    );
    expect(await server.database.query('SELECT name FROM nodes')).toHaveLength(1);

    // Bob had a socket there as well, and has one here: nobody was told of him until now.
    bobs.terminate();
    expect(await eves.next('user_disconnected')).toMatchObject({ user_id: bob.id });
  });
});

describe('A node that stands still for longer than its lease', () => {
  it('is back afterwards: its sockets hear what they have missed, in order, and it is a node again', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [bobs] = await server.connectTo(room, bob);
    const adas = await connectElsewhere(room, ada);

    other.signal('SIGSTOP');
    expect(await bobs.next('user_disconnected')).toMatchObject({ user_id: ada.id });
    for (let count = 1; count <= 20; count += 1) await bobs.say(`${count}`);
    other.signal('SIGCONT');

    for (let count = 1; count <= 20; count += 1) {
      expect(await adas.next('message')).toMatchObject({ content: `${count}`, seq: count });
    }
    await until(
      () => server.database.query('SELECT name FROM nodes'),
      (nodes) => nodes.length === 2,
    );
    await bobs.settled();
    bobs.unread();
    await adas.say('I am back');
    expect(await bobs.next('message')).toMatchObject({ content: 'I am back', seq: 21 });
  });
});

describe('The last socket of a user in a room', () => {
  it('is the last one on all nodes', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [bobs] = await server.connectTo(room, bob);
    const [near] = await server.connectTo(room, ada);
    const far = await connectElsewhere(room, ada);

    near.terminate();
    await far.say('still here');
    expect(await bobs.next('message')).toMatchObject({ content: 'still here' });
    far.terminate();

    expect(await bobs.next('user_disconnected')).toMatchObject({ user_id: ada.id });
    await bobs.settled();
    expect(bobs.unread()).toEqual([]);
  });
});
