import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DatabaseFile } from '../support/database-file.js';
import { RestClient } from '../support/rest-client.js';
import { ServerProcess } from '../support/server-process.js';
import { SocketClient } from '../support/socket-client.js';
import { until } from '../support/until.js';

let server: ServerProcess;
beforeEach(async () => {
  server = await ServerProcess.inFolder();
});
afterEach(() => server.remove());

interface Speaker {
  rest: RestClient;
  token: string;
  client: SocketClient;
}

/** Signs up, makes room 1 and listens to it. */
async function speaker(url: string): Promise<Speaker> {
  const rest = new RestClient(() => url);
  const account = { username: 'ada', password: 'correct horse' };
  await rest.post('/api/users/', { ...account, email: 'ada@example.org' });
  const { body } = await rest.post<{ access_token: string }>('/api/token', account);
  const token = body.access_token;
  await rest.post('/api/rooms/', { name: 'lobby' }, { token });
  const client = await SocketClient.open(`${url.replace('http', 'ws')}/ws/room/1?token=${token}`);
  return { rest, token, client };
}

/** A connection that has sent this much of a request, and will never send the rest. */
function halfARequest(url: string, sent: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write(sent, () => resolve(socket)));
    socket.on('error', () => socket.destroy());
  });
}

describe('SIGTERM', () => {
  it('tells sockets to come back, and ends with 0', async () => {
    const { client } = await speaker(await server.start());
    await client.say('stored');

    server.signal('SIGTERM');

    expect(await client.closed()).toMatchObject({ code: 1012 });
    expect(await server.ended()).toEqual({ code: 0, signal: null });
  });

  it('is not held up by connections that send nothing, or half a request', async () => {
    const url = await server.start({ SHUTDOWN_TIMEOUT_MS: '2000' });
    const open = await Promise.all(
      [
        '',
        'GET /health/live HT',
        'POST /api/token HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf',
      ].map((sent) => halfARequest(url, sent)),
    );
    await fetch(`${url}/health/live`);

    server.signal('SIGTERM');

    expect(await server.ended()).toEqual({ code: 0, signal: null });
    open.forEach((socket) => socket.destroy());
  });

  it('answers every frame that it stores', async () => {
    const { client, rest, token } = await speaker(await server.start());
    const limits = { MESSAGES_PER_SECOND: '100000', MESSAGES_BURST: '100000', FRAMES_BURST: '100000' };
    for (let count = 0; count < 40; count += 1) client.send({ ref: `${count}`, content: `${count}` });
    await client.answerTo('0');

    server.signal('SIGTERM');
    await client.closed();
    await server.ended();

    const acknowledged = client.all('ack').map(({ seq }) => seq);
    const again = server.sibling();
    const url = await again.start(limits);
    const revived = new RestClient(() => url);
    const { body } = await revived.get<{ seq: number }[]>('/api/rooms/1/messages?limit=100', { token });
    expect(rest).toBeDefined();
    expect(body.map(({ seq }) => seq)).toEqual(acknowledged);
    again.signal('SIGKILL');
    await again.ended();
  });
});

describe('SIGKILL', () => {
  it('loses nothing that was acknowledged, and leaves no connection recorded as open', async () => {
    const { client, token } = await speaker(await server.start());
    for (let count = 1; count <= 20; count += 1) await client.say(`${count}`);
    const database = new DatabaseFile(server.databasePath);
    const openRecords = 'SELECT COUNT(*) AS count FROM connections WHERE closed_at IS NULL';
    // It is written a moment later than what is acknowledged.
    await until(
      () => database.query(openRecords),
      ([row]) => row?.count === 1,
    );

    server.signal('SIGKILL');
    await server.ended();

    expect(await database.query(openRecords)).toEqual([{ count: 1 }]);
    const url = await server.start();
    const { body } = await new RestClient(() => url).get<{ content: string }[]>('/api/rooms/1/messages', {
      token,
    });
    expect(body.map(({ content }) => content)).toEqual(
      Array.from({ length: 20 }, (_, index) => `${index + 1}`),
    );
    expect(await database.query(openRecords)).toEqual([{ count: 0 }]);
  });
});

describe('A start that cannot succeed', () => {
  it('tells every mistake in the settings in a sentence, and ends with 78', async () => {
    server.run({ PORT: 'abc', ALGORITHM: 'none', SECRET_KEY: 'short' });

    expect(await server.ended()).toEqual({ code: 78, signal: null });
    expect(server.errors.trim().split('\n')).toEqual([
      'The configuration cannot be used:',
      expect.stringMatching(/^ {2}- ALGORITHM must be/),
      expect.stringMatching(/^ {2}- PORT must be/),
      expect.stringMatching(/^ {2}- SECRET_KEY is 5 bytes long/),
    ]);
  });

  it('says that another server has the database, and leaves its records alone', async () => {
    const { client } = await speaker(await server.start());
    const second = server.sibling();

    second.run();

    expect(await second.ended()).toMatchObject({ code: 78 });
    expect(second.errors).toContain('another Parlor server is running on');
    const open = 'SELECT COUNT(*) AS count FROM connections WHERE closed_at IS NULL';
    expect(await new DatabaseFile(server.databasePath).query(open)).toEqual([{ count: 1 }]);
    await client.say('still here');
  });

  it('says that the port is taken', async () => {
    const url = await server.start();
    const other = await ServerProcess.inFolder();

    other.run({ PORT: new URL(url).port });

    expect(await other.ended()).toMatchObject({ code: 1 });
    expect(other.errors).toContain('Parlor cannot go on: listen EADDRINUSE');
    await other.remove();
  });
});

describe('A database file that cannot be made', () => {
  it('is told in a sentence', async () => {
    server.run({ DATABASE_URL: 'sqlite:////etc/passwd/parlor.db' });

    expect(await server.ended()).toMatchObject({ code: 78 });
    expect(server.errors.trim().split('\n').slice(1)).toEqual([
      expect.stringMatching(/^ {2}- DATABASE_URL: the folder \/etc\/passwd cannot be used \(.*\)\.$/),
    ]);
  });
});

describe('A database that another process has locked', () => {
  it('is said not to be ready, costs a message only a retry, and heals by itself', async () => {
    const url = await server.start();
    const { client, rest } = await speaker(url);
    const lock = await DatabaseFile.lock(server.databasePath);

    const message = { ref: 'locked', content: 'patience', client_msg_id: 'one' };
    client.send(message);
    const posted = Array.from({ length: 5 }, (_, index) =>
      rest.post('/api/users/', {
        username: `u${index}`,
        email: `u${index}@example.org`,
        password: 'correct horse',
      }),
    );
    const ready = await rest.get('/health/ready');
    expect({ status: ready.status, body: ready.body }).toMatchObject({
      status: 503,
      body: { code: 'storage_unavailable' },
    });
    expect((await rest.get('/health/live')).status).toBe(200);
    expect(await client.answerTo('locked')).toMatchObject({ code: 'storage_unavailable', retryable: true });
    for (const answer of await Promise.all(posted)) {
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    }
    await lock.release();

    await until(
      () => rest.get('/health/ready'),
      ({ status }) => status === 200,
    );
    client.send({ ...message, ref: 'again' });
    expect(await client.answerTo('again')).toMatchObject({ type: 'ack', seq: 1 });
    expect(client.all('message')).toHaveLength(1);
  });
});
