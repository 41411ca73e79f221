import { describe, expect, it } from '@jest/globals';
import { handshake, type HandshakeOptions } from '../support/handshake.js';
import { runServer, type Room } from '../support/test-server.js';
import { TRUSTED_ORIGIN } from '../support/test-settings.js';

const server = runServer();
const PATHS: [string, (room: Room) => string][] = [
  ['/ws/auth', () => '/ws/auth'],
  ['/ws/auth/', () => '/ws/auth/'],
  ['/ws/room/{id}', (room) => `/ws/room/${room.id}`],
  ['/ws/room/{id}/', (room) => `/ws/room/${room.id}/`],
];
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

async function expectRefusal(
  path: string,
  status: number,
  code: string,
  headers: Record<string, string | undefined> = {},
) {
  const answer = await handshake(server.socketUrl + path, { headers });
  expect({ status: answer.status, text: answer.text }).toMatchObject({ status });
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json\b/);
  const problem: unknown = JSON.parse(answer.text);
  expect(problem).toMatchObject({
    status,
    code,
    detail: expect.stringMatching(/./),
    title: expect.stringMatching(/./),
  });
  return answer;
}

describe.each(PATHS)('The handshake of %s', (_, pathOf) => {
  it.each<[string, (token: string) => { query?: string; authorization?: string }]>([
    ['the Authorization header', (token) => ({ authorization: `Bearer ${token}` })],
    ['the header in lower case', (token) => ({ authorization: `bearer ${token}` })],
    ['?token=', (token) => ({ query: `?token=${token}` })],
  ])('takes a token from %s, and greets with the facts of the protocol', async (__, place) => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const { query = '', authorization } = place(ada.token);

    const headers = authorization === undefined ? {} : { authorization };
    const client = await server.socket(pathOf(room) + query, undefined, { headers });

    await client.settled();
    expect(client.inbox[0]).toMatchObject({
      type: 'connection_established',
      user_id: ada.id,
      username: ada.username,
      client_id: expect.stringMatching(UUID),
      resumable: true,
      heartbeat_interval_ms: 25_000,
      heartbeat_timeout_ms: 8_000,
      limits: { frame_bytes: 65_536, message_length: 4_000, frames_per_second: 1_000_000 },
    });
  });

  it('takes a ticket, once', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const { ticket } = await newTicket(ada);

    const client = await server.socket(`${pathOf(room)}?ticket=${ticket}`);

    expect(await client.next('connection_established')).toMatchObject({ user_id: ada.id });
    await expectRefusal(`${pathOf(room)}?ticket=${ticket}`, 401, 'not_authenticated');
  });

  it('answers 401 before the upgrade without a token, and says how to authenticate', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);

    for (const query of ['', '?token=', '?ticket=', '?ticket=made-up', '?token=a&token=b']) {
      const answer = await expectRefusal(pathOf(room) + query, 401, 'not_authenticated');
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    }
    for (const authorization of ['Bearer', 'Bearer ', `Basic ${ada.token}`, ada.token]) {
      await expectRefusal(pathOf(room), 401, 'not_authenticated', { authorization });
    }
  });

  it('answers 401 to a token whose session was logged out', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    await server.rest.post('/api/logout', undefined, ada);

    await expectRefusal(`${pathOf(room)}?token=${ada.token}`, 401, 'not_authenticated');
  });

  it('lets in a page of its own, one that is trusted, and programs without an Origin', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);

    for (const origin of [server.url, TRUSTED_ORIGIN, undefined]) {
      const answer = await handshake(`${server.socketUrl}${pathOf(room)}?token=${ada.token}`, {
        headers: { origin },
      });
      expect({ origin, status: answer.status }).toEqual({ origin, status: 101 });
    }
  });

  it.each([
    'http://evil.example',
    'null',
    '',
    'https://chat.example.evil.example',
    'https://evil-chat.example',
    'https://chat.example:444',
    'http://chat.example',
    'https://chat.example@evil.example',
    'https://chat.example/',
    'https://chat.example, https://evil.example',
    'file://',
    'undefined',
    '*',
  ])('answers 403 to a page from %j, however good its token', async (origin) => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);

    await expectRefusal(`${pathOf(room)}?token=${ada.token}`, 403, 'origin_not_allowed', { origin });
  });

  it('speaks no compression and no subprotocol, and repeats none', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);

    const answer = await handshake(`${server.socketUrl}${pathOf(room)}?token=${ada.token}`, {
      headers: {
        'sec-websocket-protocol': 'made-up, secret-token',
        'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits',
      },
    });

    expect(answer.headers['sec-websocket-protocol']).toBeUndefined();
    expect(answer.headers['sec-websocket-extensions']).toBeUndefined();
  });
});

describe('The handshake of a room', () => {
  it('answers 404 where there is none', async () => {
    const ada = await server.person('ada');

    await expectRefusal(`/ws/room/999999?token=${ada.token}`, 404, 'room_not_found');
  });

  it.each(['0', '-1', 'abc', '1e3', '1.0', '99999999999999999999', '%31', '%00', '', '1/2', '%f0%9f%90%88'])(
    'answers 404 or 422 to /ws/room/%s',
    async (id) => {
      const ada = await server.person('ada');

      const answer = await handshake(`${server.socketUrl}/ws/room/${id}?token=${ada.token}`);

      expect([404, 422]).toContain(answer.status);
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json\b/);
    },
  );

  it('asks who is there before it tells which rooms exist', async () => {
    const ada = await server.person('ada');
    const room = await server.privateRoomOf(ada);

    const existing = await expectRefusal(`/ws/room/${room.id}`, 401, 'not_authenticated');
    const missing = await expectRefusal('/ws/room/999999', 401, 'not_authenticated');

    expect(missing.text).toBe(existing.text);
  });

  it('makes nobody a member whose handshake is refused', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada);

    for (const headers of [
      { origin: 'http://evil.example' },
      { 'sec-websocket-version': '12' },
      { 'sec-websocket-key': 'short' },
      { 'sec-websocket-protocol': 'twice, twice' },
    ]) {
      const answer = await handshake(`${server.socketUrl}/ws/room/${room.id}?token=${bob.token}`, {
        headers,
      });
      expect([400, 403, 426]).toContain(answer.status);
    }

    expect(await server.rest.get(`/api/rooms/${room.id}`, bob)).toMatchObject({ body: { role: null } });
  });
});

describe('Any handshake', () => {
  it.each([
    '/',
    '/wss',
    '/ws/unknown',
    '/ws/auth/more',
    '/ws/echo/more',
    '/api/rooms/',
    '/ws/room',
    '/WS',
    '//ws',
  ])('at %s answers 404: nothing is there', async (path) => {
    await expectRefusal(path, 404, 'route_not_found');
  });

  it.each(['/ws', '/ws/auth', '/ws/room/1', '/ws/echo'])(
    'at %s needs a GET that asks for an upgrade',
    async (path) => {
      const url = server.socketUrl + path;
      const plain = { upgrade: undefined, connection: undefined };
      const attempts: HandshakeOptions[] = [
        { method: 'POST', headers: plain },
        { method: 'POST' },
        { headers: { 'sec-websocket-key': undefined } },
        { headers: { 'sec-websocket-key': 'short' } },
        { headers: { 'sec-websocket-version': '12' } },
        { headers: { upgrade: 'h2c' } },
      ];

      expect((await handshake(url, { headers: plain })).status).toBe(426);
      for (const attempt of attempts) {
        const { status } = await handshake(url, attempt);
        expect({ attempt, refused: [400, 401, 404, 405, 426].includes(status) }).toEqual({
          attempt,
          refused: true,
        });
      }
    },
  );

  it.each(['', ',', 'a b', 'a,', 'twice,twice', 'no(token)', 'caf\u00e9'])(
    'with the subprotocols %j, which are no list of tokens, is refused with a problem',
    async (protocols) => {
      await expectRefusal('/ws', 400, 'bad_request', { 'sec-websocket-protocol': protocols });
    },
  );

  it('is refused without a stack trace or the name of the framework', async () => {
    const answer = await expectRefusal('/ws/auth', 401, 'not_authenticated');

    expect(JSON.stringify(answer)).not.toMatch(/express|nest|node_modules|\.ts:/i);
  });
});

describe('A ticket', () => {
  it.each(['/api/ws-tickets', '/api/ws-tickets/'])('from %s lives 30 seconds', async (path) => {
    const ada = await server.person('ada');

    const answer = await server.rest.post(path, undefined, ada);

    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({ ticket: expect.stringMatching(/^.{20,}$/), expires_in: 30 });
    expect(answer.headers.get('cache-control')).toContain('no-store');
  });

  it('is for one who is logged in', async () => {
    expect((await server.rest.post('/api/ws-tickets')).status).toBe(401);
  });

  it('lets exactly one of two in who use it at the same moment', async () => {
    const ada = await server.person('ada');
    const { ticket } = await newTicket(ada);

    const answers = await Promise.all(
      Array.from({ length: 5 }, () => handshake(`${server.socketUrl}/ws/auth?ticket=${ticket}`)),
    );

    expect(answers.map((answer) => answer.status).sort()).toEqual([101, 401, 401, 401, 401]);
  });

  it('dies with the session it was made in', async () => {
    const ada = await server.person('ada');
    const { ticket } = await newTicket(ada);
    await server.rest.post('/api/logout', undefined, ada);

    await expectRefusal(`/ws/auth?ticket=${ticket}`, 401, 'not_authenticated');
  });

  it('opens no REST route', async () => {
    const ada = await server.person('ada');
    const { ticket } = await newTicket(ada);

    expect((await server.rest.get('/api/users/me/', { token: ticket })).status).toBe(401);
    expect((await server.rest.get(`/api/users/me/?ticket=${ticket}`)).status).toBe(401);
    expect((await server.rest.get(`/api/users/me/?token=${ada.token}`)).status).toBe(401);
  });

  it('ends its socket when the session ends', async () => {
    const ada = await server.person('ada');
    const { ticket } = await newTicket(ada);
    const client = await server.socket(`/ws/auth?ticket=${ticket}`);

    await server.rest.post('/api/logout', undefined, ada);

    expect(await client.closed()).toMatchObject({ code: 4401 });
  });
});

async function newTicket(person: { token: string }): Promise<{ ticket: string }> {
  return (await server.rest.post<{ ticket: string }>('/api/ws-tickets', undefined, person)).body;
}
