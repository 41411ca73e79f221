import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LoadBalancer } from '../support/load-balancer.js';
import { ServerProcess } from '../support/server-process.js';
import { SocketClient } from '../support/socket-client.js';
import { ON_POSTGRES, TestServer, type Person, type Room } from '../support/test-server.js';
import { until } from '../support/until.js';

const BEHIND_ONE = { TRUST_PROXY: '1' };
const SOCKETS = 20;
const OPEN_SOCKETS = 'SELECT client_id, node, address FROM connections WHERE closed_at IS NULL';

/** A node in this process, which stays, and one in a process of its own, which is told to end. */
let server: TestServer;
let other: ServerProcess;
let balancer: LoadBalancer;
let sockets: SocketClient[];
beforeEach(async () => {
  sockets = [];
  server = new TestServer({ ...BEHIND_ONE, NODE_NAME: 'stays' }, ON_POSTGRES);
  await server.start();
  other = await ServerProcess.inFolder();
  const otherUrl = await other.start({ ...server.shared, ...BEHIND_ONE, NODE_NAME: 'leaves' });
  balancer = await LoadBalancer.before(server.url, otherUrl);
});
afterEach(async () => {
  for (const socket of sockets) socket.terminate();
  await balancer.remove();
  await other.remove();
  await server.remove();
});

/** A room socket through the balancer, with a lie about where it comes from. */
async function connect(room: Room, who: Person, after: number): Promise<SocketClient> {
  const headers = { 'x-forwarded-for': '203.0.113.7' };
  const path = `/ws/room/${room.id}?token=${who.token}&after_seq=${after}`;
  const socket = await SocketClient.open(balancer.socketUrl + path, { headers });
  sockets.push(socket);
  return socket;
}

/** What it has been shown, as history or live, up to the message with this text. */
async function shown(client: SocketClient, last: string): Promise<string[]> {
  const pages = await client.wholeHistory();
  const texts = pages.flatMap(({ messages }) => messages.map(({ content }) => content));
  while (!texts.includes(last)) texts.push((await client.next('message')).content);
  return texts;
}

/** Comes back in the moment in which it is sent away, not when it is asked to, to meet the node that still ends. */
async function comeBack(client: SocketClient, room: Room, who: Person): Promise<SocketClient> {
  expect(await client.closed()).toMatchObject({ code: 1012 });
  const back = await connect(room, who, client.all('message').length);
  expect((await balancer.rest.get('/api/users/me/', who)).status).toBe(200);
  return back;
}

describe('Two nodes behind the load balancer', () => {
  it('share the sockets; when one ends, its clients find the other at once, and miss nothing', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const clients = await Promise.all(Array.from({ length: SOCKETS }, () => connect(room, ada, 0)));
    const open = await until(
      () => server.database.query(OPEN_SOCKETS),
      (records) => records.length === SOCKETS,
    );
    const there = open.filter(({ node }) => node === 'leaves').map(({ client_id: id }) => id);
    expect(there).toHaveLength(SOCKETS / 2);
    expect(new Set(open.map(({ address }) => address))).toEqual(new Set(['127.0.0.1']));
    const leaving: SocketClient[] = [];
    const staying: SocketClient[] = [];
    for (const client of clients) {
      const { client_id: id } = await client.next('connection_established');
      (there.includes(id) ? leaving : staying).push(client);
    }
    await staying[0]?.say('before');
    for (const client of clients) expect(await shown(client, 'before')).toEqual(['before']);

    other.signal('SIGTERM');
    const returned = Promise.all(leaving.map((client) => comeBack(client, room, ada)));
    await staying[0]?.say('meanwhile');
    const back = await returned;
    expect(await other.ended()).toEqual({ code: 0, signal: null });
    const posted = await balancer.rest.post(`/api/rooms/${room.id}/messages`, { content: 'after' }, ada);

    expect(posted.status).toBe(201);
    expect(back).toHaveLength(SOCKETS / 2);
    for (const [index, client] of back.entries()) {
      const old = leaving[index]?.all('message').map(({ content }) => content) ?? [];
      expect([...old, ...(await shown(client, 'after'))]).toEqual(['before', 'meanwhile', 'after']);
    }
    expect(balancer.log).toContain(`GET /ws/room/${room.id} 101`);
    expect(balancer.log).not.toContain(ada.token);
  });
});
