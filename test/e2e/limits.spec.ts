import { describe, expect, it } from '@jest/globals';
import { handshake } from '../support/handshake.js';
import { expectProblem } from '../support/problems.js';
import { runServer } from '../support/test-server.js';
import { until } from '../support/until.js';

describe('Messages of one user', () => {
  /** A refill in a thousand seconds: none within a test. */
  const server = runServer({ MESSAGES_PER_SECOND: '0.1', MESSAGES_BURST: '3' });

  it('beyond the burst get rate_limited, over all sockets and REST together', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const messages = `/api/rooms/${room.id}/messages`;
    const [bound, bobs] = await server.connectTo(room, ada, bob);
    const [many] = await server.connectAndJoin(room, ada);
    await bound.say('one');
    await many.say('two', { room_id: room.id });
    expect((await server.rest.post(messages, { content: 'three' }, ada)).status).toBe(201);

    for (const client of [bound, many]) {
      const refused = await client.ask({ room_id: room.id, content: 'too fast' });
      expect(refused).toMatchObject({ type: 'error', code: 'rate_limited', retryable: true });
      expect(refused).toHaveProperty('retry_after', expect.any(Number));
    }
    const overRest = await server.rest.post(messages, { content: 'too fast' }, ada);
    expectProblem(overRest, 429, 'rate_limited');
    expect(Number(overRest.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);

    expect(await bobs.say('bob has his own')).toMatchObject({ seq: 4 });
    await bound.settled();
    expect(bound.all('message').map((message) => message.content)).toEqual([
      'one',
      'two',
      'three',
      'bob has his own',
    ]);
  });

  it('that are refused take no place and no client_msg_id', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const [adas] = await server.connectTo(room, ada);
    for (let count = 0; count < 3; count += 1) await adas.say('x');

    await adas.ask({ content: 'refused', client_msg_id: 'm1' });

    expect(await server.database.query('SELECT * FROM messages WHERE client_msg_id = ?', ['m1'])).toEqual([]);
    expect(await server.rest.get(`/api/rooms/${room.id}`, ada)).toMatchObject({ body: { head_seq: 3 } });
  });
});

describe('After a pause', () => {
  const server = runServer({ MESSAGES_PER_SECOND: '20', MESSAGES_BURST: '2' });

  it('messages go through again', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const post = () => server.rest.post(`/api/rooms/${room.id}/messages`, { content: 'x' }, ada);
    await until(post, (answer) => answer.status === 429);

    expect(await until(post, (answer) => answer.status === 201)).toMatchObject({ body: { content: 'x' } });
  });
});

describe('Frames of one socket', () => {
  const server = runServer({ FRAMES_PER_SECOND: '0.1', FRAMES_BURST: '20' });

  it('beyond the burst get rate_limited with their ref, and a flood ends with 4429', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas, bobs] = await server.connectTo(room, ada, bob);

    for (let count = 0; count < 25; count += 1) adas.send({ type: 'ping', ref: `${count}` });
    for (let count = 0; count < 20; count += 1)
      expect(await adas.answerTo(`${count}`)).toMatchObject({ type: 'ack' });
    for (let count = 20; count < 25; count += 1) {
      expect(await adas.answerTo(`${count}`)).toMatchObject({
        type: 'error',
        code: 'rate_limited',
        retryable: true,
      });
    }
    expect(adas.isOpen).toBe(true);

    for (let count = 0; count < 1_000; count += 1) adas.send({ type: 'ping' });
    expect(await adas.closed()).toMatchObject({ code: 4429 });
    expect(await bobs.say('bob is not disturbed')).toMatchObject({ seq: 1 });
  });

  it('are counted on the public sockets, too', async () => {
    for (const path of ['/ws', '/ws/echo']) {
      const client = await server.socket(path);
      for (let count = 0; count < 1_000; count += 1) client.sendText('x');
      expect(await client.closed()).toMatchObject({ code: 4429 });
    }
  });
});

describe('Sockets of one user', () => {
  const server = runServer({ MAX_CONNECTIONS_PER_USER: '2' });

  it('beyond the limit get 429 before the upgrade, with Retry-After; others are let in', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada);
    const [first] = await server.connect(ada);
    await server.connectTo(room, ada);

    for (const path of ['/ws/auth', `/ws/room/${room.id}`]) {
      const refusal = await handshake(`${server.socketUrl}${path}?token=${ada.token}`);
      expect(refusal.status).toBe(429);
      expect(Number(refusal.headers['retry-after'])).toBeGreaterThanOrEqual(1);
      expect(refusal.headers['content-type']).toMatch(/^application\/problem\+json\b/);
      expect(JSON.parse(refusal.text)).toMatchObject({ status: 429, code: 'too_many_connections' });
    }
    await server.connect(bob);

    await first.close();
    await until(
      () => handshake(`${server.socketUrl}/ws/auth?token=${ada.token}`),
      (answer) => answer.status === 101,
    );
  });

  it('are counted from the handshake on: a hundred at once do not slip past', async () => {
    const cleo = await server.person('cleo');

    const attempts = await Promise.allSettled(
      Array.from({ length: 100 }, () => server.socket('/ws/auth', cleo)),
    );

    expect(attempts.filter((attempt) => attempt.status === 'fulfilled')).toHaveLength(2);
  });
});

describe('Rooms of one socket', () => {
  const server = runServer({ MAX_ROOMS_PER_CONNECTION: '3' });

  it('beyond the limit are refused, without a membership; leaving one makes room', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const rooms = await Promise.all(Array.from({ length: 4 }, () => server.roomOf(ada)));
    const [bobs] = await server.connect(bob);
    const join = (index: number) => bobs.ask({ type: 'join_room', room_id: rooms[index]?.id });
    for (const index of [0, 1, 2]) expect(await join(index)).toMatchObject({ type: 'ack' });

    expect(await join(3)).toMatchObject({ code: 'too_many_rooms', retryable: false });
    expect(await join(0)).toMatchObject({ type: 'ack' });

    const outside = await server.rest.get(`/api/rooms/${rooms[3]?.id}/messages`, bob);
    expect(outside).toMatchObject({ status: 403, body: { code: 'not_a_member' } });
    await bobs.ask({ type: 'leave_room', room_id: rooms[0]?.id });
    expect(await join(3)).toMatchObject({ type: 'ack' });
  });
});

describe('Sockets of all together', () => {
  const server = runServer({ MAX_CONNECTIONS: '3' });

  it('beyond the limit get 503 before the upgrade, with Retry-After; REST goes on', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const clients = [
      await server.socket('/ws'),
      await server.socket('/ws/echo'),
      await server.socket('/ws/auth', ada),
    ];

    for (const path of [
      '/ws',
      '/ws/echo',
      `/ws/auth?token=${ada.token}`,
      `/ws/room/${room.id}?token=${ada.token}`,
    ]) {
      const refusal = await handshake(server.socketUrl + path);
      expect(refusal.status).toBe(503);
      expect(Number(refusal.headers['retry-after'])).toBeGreaterThanOrEqual(1);
      expect(JSON.parse(refusal.text)).toMatchObject({ status: 503, code: 'server_full' });
    }
    expect((await server.rest.get('/api/users/me/', ada)).status).toBe(200);
    await clients[2]?.settled();

    clients[0]?.terminate();
    await until(
      () => handshake(`${server.socketUrl}/ws`),
      (answer) => answer.status === 101,
    );
  });

  it('are not used up by handshakes that fail', async () => {
    server.hangUp();
    for (let count = 0; count < 20; count += 1) {
      await until(
        () => handshake(`${server.socketUrl}/ws/auth?token=nonsense`),
        (answer) => answer.status === 401,
      );
      await handshake(`${server.socketUrl}/ws`, { headers: { 'sec-websocket-key': 'short' } });
    }

    const open = await Promise.all([server.socket('/ws'), server.socket('/ws'), server.socket('/ws')]);

    expect(open.every((client) => client.isOpen)).toBe(true);
  });
});

describe('Sizes', () => {
  const server = runServer({ MAX_MESSAGE_LENGTH: '10', MAX_FRAME_BYTES: '2000', MAX_BODY_BYTES: '1500' });

  it('are what the operator set, and the greeting tells them', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const client = await server.socket(`/ws/room/${room.id}`, ada);
    expect(await client.next('connection_established')).toMatchObject({
      limits: { frame_bytes: 2000, message_length: 10 },
    });

    expect(await client.say('x'.repeat(10))).toMatchObject({ seq: 1 });
    expect(await client.ask({ content: 'x'.repeat(11) })).toMatchObject({
      code: 'content_too_long',
      retryable: false,
    });
    const messages = `/api/rooms/${room.id}/messages`;
    expectProblem(
      await server.rest.post(messages, { content: 'x'.repeat(11) }, ada),
      413,
      'content_too_long',
    );
    expectProblem(
      await server.rest.post(messages, { content: 'x'.repeat(1500) }, ada),
      413,
      'body_too_large',
    );
    client.sendText(' '.repeat(2001));
    expect(await client.closed()).toMatchObject({ code: 1009 });
  });
});

describe('Log-ins and sign-ups', () => {
  const server = runServer({ MAX_PASSWORDS_WAITING: '3' });

  it('beyond what may wait get rate_limited, and the others are served', async () => {
    const accounts = Array.from({ length: 40 }, (_, index) => ({
      username: `somebody${index}`,
      email: `somebody${index}@example.org`,
      password: 'correct horse',
    }));

    const answers = await Promise.all(accounts.map((account) => server.rest.post('/api/users/', account)));

    const refused = answers.filter(({ status }) => status === 429);
    const served = answers.filter(({ status }) => status === 201);
    expect(served.length).toBeGreaterThanOrEqual(3);
    expect(refused.length + served.length).toBe(40);
    for (const answer of refused) {
      expectProblem(answer, 429, 'rate_limited');
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    }
    expect(refused.length).toBeGreaterThan(0);
  });
});

describe('A log-in of somebody who has logged in from there before', () => {
  /** A hash takes so long that strangers fill the queue. */
  const server = runServer({ MAX_PASSWORDS_WAITING: '3', BCRYPT_COST: '9' });

  it('does not wait behind strangers, nor is it refused because of them', async () => {
    const ada = await server.person('ada');
    const wrong = (index: number) =>
      server.rest.post('/api/token', { username: `nobody${index}`, password: 'wrong wrong' });

    const crowd = (from: number) => Array.from({ length: 20 }, (_, index) => wrong(from + index));
    const amidst = async () => {
      const logIn = { username: ada.username, password: ada.password };
      const asked = [...crowd(0), server.rest.post('/api/token', logIn), ...crowd(20)];
      return (await Promise.all(asked)).map(({ status }) => status);
    };

    // On a busy machine requests may come so slowly that nobody has to wait: then the crowd comes once more.
    const statuses = await until(amidst, (answers) => answers.slice(0, 20).includes(429));

    expect(statuses[20]).toBe(200);
  });
});
