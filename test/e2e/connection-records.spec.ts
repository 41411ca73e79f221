import { describe, expect, it } from '@jest/globals';
import { ConnectionRecorder } from '../../src/connections/connection-recorder.js';
import { handshake } from '../support/handshake.js';
import type { SocketClient } from '../support/socket-client.js';
import { runServer, type Person, type Room } from '../support/test-server.js';
import { until } from '../support/until.js';

const server = runServer();

/** The record of one socket, once it is there; records are written beside the socket's life, not within it. */
async function recordOf(clientId: string) {
  const rows = await until(
    () => server.database.query('SELECT * FROM connections WHERE client_id = ?', [clientId]),
    (found) => found.length === 1,
  );
  return rows[0];
}

async function closedRecordOf(clientId: string) {
  return until(
    () => recordOf(clientId),
    (row) => row?.closed_at !== null,
  );
}

async function opened(path: string, person: Person): Promise<{ client: SocketClient; id: string }> {
  const client = await server.socket(path, person, { headers: { 'user-agent': 'tester/1' } });
  const { client_id } = await client.next('connection_established');
  return { client, id: client_id };
}

describe('A connection is recorded in the database', () => {
  it('when it opens: who, from where, through which door, and still open', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const before = Date.now();

    const many = await opened('/ws/auth', ada);
    const bound = await opened(`/ws/room/${room.id}`, ada);

    const common = {
      user_id: ada.id,
      user_agent: 'tester/1',
      address: expect.stringMatching(/127\.0\.0\.1$/),
    };
    const open = { closed_at: null, close_code: null, close_reason: null };
    expect(await recordOf(many.id)).toMatchObject({ ...common, ...open, endpoint: 'auth', room_id: null });
    const record = await recordOf(bound.id);
    expect(record).toMatchObject({ ...common, ...open, endpoint: 'room', room_id: room.id });
    expect(Number(record?.opened_at)).toBeGreaterThanOrEqual(before);
    expect(Number(record?.opened_at)).toBeLessThanOrEqual(Date.now());
  });

  it('on the public sockets, too, without a user', async () => {
    for (const [path, endpoint] of [
      ['/ws', 'public'],
      ['/ws/echo', 'echo'],
    ] as const) {
      const agent = server.uniqueName('agent');
      await server.socket(path, undefined, { headers: { 'user-agent': agent } });

      const rows = await until(
        () => server.database.query('SELECT * FROM connections WHERE user_agent = ?', [agent]),
        (found) => found.length > 0,
      );
      expect(rows).toMatchObject([{ endpoint, user_id: null, room_id: null }]);
    }
  });

  it.each<[string, number, (client: SocketClient, ada: Person, room: Room, owner: Person) => unknown]>([
    ['says goodbye', 1000, (client) => client.socket.close(1000)],
    ['goes away', 1001, (client) => client.socket.close(1001)],
    ['dies', 1006, (client) => client.terminate()],
    ['sends bytes', 1003, (client) => client.socket.send(Buffer.from([0]))],
    ['sends too much', 1009, (client) => client.sendText('x'.repeat(70_000))],
    ['logs out', 4401, (_, ada) => server.rest.post('/api/logout', undefined, ada)],
    ['leaves', 4403, (_, ada, room) => server.rest.post(`/api/rooms/${room.id}/leave`, undefined, ada)],
    [
      'is kicked',
      4403,
      (_, ada, room, by) => server.rest.delete(`/api/rooms/${room.id}/members/${ada.id}`, by),
    ],
  ])('and why it closed, when the client %s: %d', async (_, code, end) => {
    const [ada, owner] = await server.people('ada', 'owner');
    const room = await server.roomOf(owner, ada);
    const { client, id } = await opened(`/ws/room/${room.id}`, ada);
    await client.next('message_history');

    await end(client, ada, room, owner);

    const record = await closedRecordOf(id);
    expect(record).toMatchObject({ close_code: code });
    expect(Number(record?.closed_at)).toBeGreaterThanOrEqual(Number(record?.opened_at));
  });

  it('and at once where somebody waits for it, as a shutdown does', async () => {
    const ada = await server.person('ada');
    const { id } = await opened('/ws/auth', ada);

    await server.inside(ConnectionRecorder).flush();

    const written = await server.database.query('SELECT user_id FROM connections WHERE client_id = ?', [id]);
    expect(written).toEqual([{ user_id: ada.id }]);
  });

  it('but not a handshake that was refused', async () => {
    const agent = server.uniqueName('agent');
    const headers = { 'user-agent': agent };
    await handshake(`${server.socketUrl}/ws/auth`, { headers });
    await handshake(`${server.socketUrl}/ws`, { headers: { ...headers, origin: 'http://evil.example' } });
    const ada = await server.person('ada');
    const { id } = await opened('/ws/auth', ada);

    await recordOf(id);
    expect(await server.database.query('SELECT * FROM connections WHERE user_agent = ?', [agent])).toEqual(
      [],
    );
  });
});
