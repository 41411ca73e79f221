import { describe, expect, it } from '@jest/globals';
import { handshake } from '../support/handshake.js';
import { expectProblem } from '../support/problems.js';
import { runServer, type Person } from '../support/test-server.js';
import { until } from '../support/until.js';

interface Connections {
  total_connections: number;
  active_connections: number;
  connections_by_room: Record<string, number>;
  connections: {
    client_id: string;
    user_id: number | null;
    username: string | null;
    endpoint: string;
    rooms: number[];
    address: string;
    user_agent: string;
    connected_at: string;
    last_active_at: string;
  }[];
  next_cursor: string | null;
}

const server = runServer();
const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

async function ask(operator: Person, query = ''): Promise<Connections> {
  const answer = await server.rest.get<Connections>(`/api/connections${query}`, operator);
  expect(answer.status).toBe(200);
  return answer.body;
}

/** Total, active, and the sockets in each room. */
async function counts(operator: Person) {
  const {
    total_connections: total,
    active_connections: active,
    connections_by_room: rooms,
  } = await ask(operator);
  return { total, active, rooms };
}

/** What the end of a socket changes is true once the server has heard of it, so ask until then. */
async function expectCounts(operator: Person, expected: Awaited<ReturnType<typeof counts>>) {
  await until(
    () => counts(operator),
    ({ total }) => total === expected.total,
  );
  expect(await counts(operator)).toEqual(expected);
}

/** Tests of one file share the server: begin with no socket open. */
async function fresh(): Promise<Person> {
  server.hangUp();
  const operator = await server.operator();
  await expectCounts(operator, { total: 0, active: 0, rooms: {} });
  return operator;
}

describe('/api/connections', () => {
  it.each(['', '/'])('%s answers operators and admins only', async (slash) => {
    const [ada, operator, admin] = [
      await server.person('ada'),
      await server.operator(),
      await server.operator('admin'),
    ];
    const path = `/api/connections${slash}`;

    expectProblem(await server.rest.get(path), 401, 'not_authenticated');
    expectProblem(await server.rest.get(path, ada), 403, 'forbidden');
    expect((await server.rest.get(path, operator)).status).toBe(200);
    expect((await server.rest.get(path, admin)).status).toBe(200);
  });

  it('lists each socket with who, where from, since when and its rooms', async () => {
    const operator = await fresh();
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const client = await server.socket(`/ws/room/${room.id}`, ada, { headers: { 'user-agent': 'tester/1' } });
    const { client_id } = await client.next('connection_established');
    await client.settled();

    const { connections, next_cursor } = await ask(operator);

    expect(connections).toHaveLength(1);
    expect(connections[0]).toMatchObject({
      client_id,
      user_id: ada.id,
      username: ada.username,
      endpoint: 'room',
      rooms: [room.id],
      address: expect.stringMatching(/127\.0\.0\.1$/),
      user_agent: 'tester/1',
      connected_at: expect.stringMatching(UTC),
      last_active_at: expect.stringMatching(UTC),
    });
    expect(next_cursor).toBeNull();
  });

  it('filters by user, room and endpoint, and pages through all with a cursor', async () => {
    const operator = await fresh();
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    await server.connectTo(room, ada, bob);
    await server.connectAndJoin(room, ada);
    await server.connect(ada);
    await server.socket('/ws');
    await server.socket('/ws/echo');
    const found = async (query: string) => (await ask(operator, query)).connections;

    expect(await found(`?user_id=${ada.id}`)).toHaveLength(3);
    expect(await found(`?room_id=${room.id}`)).toHaveLength(3);
    expect(await found(`?user_id=${ada.id}&room_id=${room.id}`)).toHaveLength(2);
    for (const [endpoint, count] of [
      ['public', 1],
      ['echo', 1],
      ['auth', 2],
      ['room', 2],
    ] as const) {
      const sockets = await found(`?endpoint=${endpoint}`);
      expect(sockets.map((socket) => socket.endpoint)).toEqual(Array<string>(count).fill(endpoint));
    }
    expect((await found('?endpoint=public'))[0]).toMatchObject({ user_id: null, username: null, rooms: [] });

    const ids: string[] = [];
    let page = await ask(operator, '?limit=4');
    for (;;) {
      ids.push(...page.connections.map((socket) => socket.client_id));
      if (page.next_cursor === null) break;
      page = await ask(operator, `?limit=4&cursor=${encodeURIComponent(page.next_cursor)}`);
    }
    expect(ids).toHaveLength(6);
    expect(new Set(ids).size).toBe(6);
  });

  it.each([
    'user_id=x',
    'room_id=1e3',
    'endpoint=other',
    'limit=0',
    'limit=100000',
    'limit=1&limit=2',
    'cursor=%00',
  ])('refuses ?%s', async (query) => {
    const operator = await server.operator();

    expectProblem(await server.rest.get(`/api/connections?${query}`, operator), 422, 'invalid_input');
  });
});

describe('The counts are the truth', () => {
  it('at every step of every endpoint', async () => {
    const operator = await fresh();
    const ada = await server.person('ada');
    const [one, two] = [await server.roomOf(ada), await server.roomOf(ada)];

    const open = await server.socket('/ws');
    const echo = await server.socket('/ws/echo');
    expect(await counts(operator)).toEqual({ total: 2, active: 2, rooms: {} });

    const [many] = await server.connect(ada);
    expect(await counts(operator)).toEqual({ total: 3, active: 3, rooms: {} });
    await many.ask({ type: 'join_room', room_id: one.id });
    expect(await counts(operator)).toEqual({ total: 3, active: 3, rooms: { [one.id]: 1 } });
    await many.ask({ type: 'join_room', room_id: two.id });
    await many.ask({ type: 'join_room', room_id: two.id });
    expect(await counts(operator)).toEqual({ total: 3, active: 3, rooms: { [one.id]: 1, [two.id]: 1 } });

    const [bound] = await server.connectTo(one, ada);
    expect(await counts(operator)).toEqual({ total: 4, active: 4, rooms: { [one.id]: 2, [two.id]: 1 } });

    await many.close();
    await expectCounts(operator, { total: 3, active: 3, rooms: { [one.id]: 1 } });
    bound.terminate();
    await expectCounts(operator, { total: 2, active: 2, rooms: {} });
    open.terminate();
    await echo.close();
    await expectCounts(operator, { total: 0, active: 0, rooms: {} });
  });

  it('after leaving, in every way', async () => {
    const operator = await fresh();
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [first, second] = await server.connectAndJoin(room, bob, bob);
    const [bound] = await server.connectTo(room, bob);
    expect(await counts(operator)).toEqual({ total: 3, active: 3, rooms: { [room.id]: 3 } });

    await first.ask({ type: 'leave_room', room_id: room.id });
    await bound.closed();
    await expectCounts(operator, { total: 2, active: 2, rooms: {} });

    await second.ask({ type: 'join_room', room_id: room.id });
    expect(await counts(operator)).toEqual({ total: 2, active: 2, rooms: { [room.id]: 1 } });
    await server.rest.post(`/api/rooms/${room.id}/leave`, undefined, bob);
    await expectCounts(operator, { total: 2, active: 2, rooms: {} });
  });

  it('after handshakes that were refused, and frames that were', async () => {
    const operator = await fresh();
    const [ada, eve] = await server.people('ada', 'eve');
    const room = await server.privateRoomOf(ada);
    const [eves] = await server.connect(eve);
    for (const path of ['/ws/auth', '/ws/room/999999', `/ws/room/${room.id}`, '/nothing']) {
      await handshake(server.socketUrl + path);
      await handshake(`${server.socketUrl}${path}?token=${path === '/ws/auth' ? 'x' : eve.token}`);
    }
    for (const text of ['5', '[]', 'null', '{"type":"join_room","room_id":999999}']) eves.sendText(text);
    await eves.ask({ type: 'join_room', room_id: room.id });

    await expectCounts(operator, { total: 1, active: 1, rooms: {} });
    eves.terminate();
    await expectCounts(operator, { total: 0, active: 0, rooms: {} });
  });

  it('after sockets that died while they joined', async () => {
    const operator = await fresh();
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);

    for (let round = 0; round < 30; round += 1) {
      const [client] = await server.connect(ada);
      client.send({ type: 'join_room', room_id: room.id });
      if (round % 3 === 0) client.terminate();
      else if (round % 3 === 1) await client.close();
      else {
        await client.next('room_joined');
        client.terminate();
      }
    }

    await expectCounts(operator, { total: 0, active: 0, rooms: {} });
    const [last] = await server.connectAndJoin(room, ada);
    expect(await counts(operator)).toEqual({ total: 1, active: 1, rooms: { [room.id]: 1 } });
    await last.close();
    await expectCounts(operator, { total: 0, active: 0, rooms: {} });
  });

  it('after a storm of sockets that come, join, leave and die at once', async () => {
    const operator = await fresh();
    const people = await server.people('a', 'b', 'c', 'd');
    const room = await server.roomOf(...people);

    await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const [client] = await server.connect(people[index % 4] ?? people[0]);
        client.send({ type: 'join_room', room_id: room.id });
        if (index % 4 !== 0) client.send({ type: 'leave_room', room_id: room.id });
        if (index % 5 === 0) client.terminate();
        else await client.close();
      }),
    );

    await expectCounts(operator, { total: 0, active: 0, rooms: {} });
  });
});
