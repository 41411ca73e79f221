import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { LiveNodes } from '../../src/connections/nodes/live-nodes.js';
import { bodyOf, RestClient } from '../support/rest-client.js';
import { ServerProcess } from '../support/server-process.js';
import { SocketClient } from '../support/socket-client.js';
import { ON_POSTGRES, runServer, type Person } from '../support/test-server.js';
import { until } from '../support/until.js';

interface Overview {
  total_connections: number;
  active_connections: number;
  connections_by_room: Record<string, number>;
  connections: { client_id: string; node: string; user_id: number | null; endpoint: string }[];
  nodes: { node: string; total_connections: number | null; reachable: boolean }[];
  next_cursor: string | null;
}

/** Longer than any test lets a node stand still. */
const LEASE = { NODE_LEASE_MS: '9000' };
const HERE = 'node 1';
const THERE = 'the other';

/** A node in this process, and one in a process of its own. */
const server = runServer(LEASE, ON_POSTGRES);
let operator: Person;
let there: Elsewhere;
const processes: ServerProcess[] = [];
const sockets: SocketClient[] = [];
beforeAll(async () => {
  operator = await server.operator();
  there = await startNode(THERE);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  server.hangUp();
  await until(ask, ({ total_connections: total }) => total === 0);
});
afterAll(async () => {
  for (const process of processes) await process.remove();
});

interface Elsewhere {
  readonly process: ServerProcess;
  readonly url: string;
  readonly rest: RestClient;
}

/** Resolves when the node in this process knows of it. */
async function startNode(name: string): Promise<Elsewhere> {
  const process = await ServerProcess.inFolder();
  processes.push(process);
  const url = await process.start({ ...server.shared, ...LEASE, NODE_NAME: name, LOG_LEVEL: 'silent' });
  await until(ask, ({ nodes }) => nodes.some(({ node, reachable }) => node === name && reachable));
  // Whoever answers is shown; whoever does not is missed only by a node that has seen its lease.
  await until(
    () => new Promise<string[]>((resolve) => setImmediate(() => resolve(server.inside(LiveNodes).others))),
    (others) => others.includes(name),
  );
  return { process, url, rest: new RestClient(() => url) };
}

async function ask(query = '', rest = server.rest): Promise<Overview> {
  return bodyOf(await rest.get<Overview>(`/api/connections${query}`, operator), 200);
}

/** A `/ws/auth` socket of some node, greeted. */
async function connectAt(url: string, who: Person): Promise<{ client: SocketClient; id: string }> {
  const headers = { authorization: `Bearer ${who.token}` };
  const client = await SocketClient.open(`${url.replace('http', 'ws')}/ws/auth`, { headers });
  sockets.push(client);
  const { client_id: id } = await client.next('connection_established');
  return { client, id };
}

const idsOf = ({ connections }: Overview) => connections.map(({ client_id: id }) => id);

describe('GET /api/connections of several nodes', () => {
  it('shows the sockets of all of them, whichever is asked', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const near = await connectAt(server.url, ada);
    const far = await connectAt(there.url, ada);
    await near.client.ask({ type: 'join_room', room_id: room.id });
    await far.client.ask({ type: 'join_room', room_id: room.id });
    await connectAt(there.url, ada);

    for (const rest of [server.rest, there.rest]) {
      const overview = await ask('', rest);
      expect(overview).toMatchObject({
        total_connections: 3,
        active_connections: 3,
        connections_by_room: { [room.id]: 2 },
        nodes: [
          { node: HERE, total_connections: 1, reachable: true },
          { node: THERE, total_connections: 2, reachable: true },
        ],
        next_cursor: null,
      });
      expect(overview.connections.map(({ node }) => node)).toEqual([HERE, THERE, THERE]);
      expect(idsOf(overview).slice(0, 2)).toEqual([near.id, far.id]);
      expect(idsOf(await ask(`?room_id=${room.id}`, rest))).toEqual([near.id, far.id]);
    }
  });

  it('filters and pages through all of them, each page from another node', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const opened: string[] = [];
    for (const url of [server.url, there.url]) {
      for (const who of [ada, bob, ada]) {
        const { id } = await connectAt(url, who);
        if (who === ada) opened.push(id);
      }
    }

    for (const limit of [1, 2, 3]) {
      const seen: string[] = [];
      const clients = [there.rest, server.rest];
      let cursor: string | null = '';
      for (let page = 0; cursor !== null && page < 10; page += 1) {
        const from: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
        const overview: Overview = await ask(`?user_id=${ada.id}&limit=${limit}${from}`, clients[page % 2]);
        expect(overview.total_connections).toBe(6);
        seen.push(...idsOf(overview));
        cursor = overview.next_cursor;
      }
      expect(seen).toEqual(opened);
    }
  });

  it('says of a node that does not answer that it is out of reach, and shows the rest', async () => {
    const ada = await server.person('ada');
    const near = await connectAt(server.url, ada);
    await connectAt(there.url, ada);

    there.process.signal('SIGSTOP');
    const overview = await ask();
    there.process.signal('SIGCONT');

    expect(idsOf(overview)).toEqual([near.id]);
    expect(overview).toMatchObject({
      total_connections: 1,
      nodes: [
        { node: HERE, total_connections: 1, reachable: true },
        { node: THERE, total_connections: null, reachable: false },
      ],
    });
    const again = await until(ask, ({ nodes }) => nodes.every(({ reachable }) => reachable));
    expect(again.total_connections).toBe(2);
  });

  it('goes on behind the last page when the node on which it ended has gone', async () => {
    const ada = await server.person('ada');
    const between = await startNode('some third one');
    const ids: string[] = [];
    for (const url of [server.url, between.url, between.url, there.url]) {
      ids.push((await connectAt(url, ada)).id);
    }
    const first = await ask('?limit=2');
    expect(idsOf(first)).toEqual(ids.slice(0, 2));

    between.process.signal('SIGKILL');
    await between.process.ended();
    const next = `?limit=2&cursor=${encodeURIComponent(first.next_cursor ?? '')}`;

    for (const rest of [server.rest, there.rest]) {
      const second = await until(
        () => ask(next, rest),
        ({ nodes }) => nodes.some(({ reachable }) => !reachable),
      );
      expect(idsOf(second)).toEqual(ids.slice(3));
      expect(second.next_cursor).toBeNull();
    }
  });
});
