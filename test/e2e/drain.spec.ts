import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RestClient } from '../support/rest-client.js';
import { ServerProcess } from '../support/server-process.js';
import { SocketClient } from '../support/socket-client.js';
import { until } from '../support/until.js';

const NO_LIMIT = '1000000';
const LIMITS = {
  MESSAGES_PER_SECOND: NO_LIMIT,
  MESSAGES_BURST: NO_LIMIT,
  FRAMES_PER_SECOND: NO_LIMIT,
  FRAMES_BURST: NO_LIMIT,
  MAX_CONNECTIONS_PER_USER: '1000',
};
/** More than two batches of a drain. */
const CROWD = 250;

let server: ServerProcess;
let rest: RestClient;
let token: string;
let url: string;
beforeEach(async () => {
  server = await ServerProcess.inFolder();
  url = await server.start(LIMITS);
  rest = new RestClient(() => url);
  const account = { username: 'ada', password: 'correct horse' };
  await rest.post('/api/users/', { ...account, email: 'ada@example.org' });
  token = (await rest.post<{ access_token: string }>('/api/token', account)).body.access_token;
  await rest.post('/api/rooms/', { name: 'lobby' }, { token });
});
afterEach(() => server.remove());

const enter = () => SocketClient.open(`${url.replace('http', 'ws')}/ws/room/1?token=${token}`);

/** The log as the next start of the server has it. */
async function stored(): Promise<{ seq: number; content: string }[]> {
  url = await server.start(LIMITS);
  const client = await SocketClient.open(`${url.replace('http', 'ws')}/ws/room/1?token=${token}&after_seq=0`);
  return (await client.wholeHistory()).flatMap(({ messages }) => messages);
}

/** Posts without waiting, over the socket and over REST, until nothing goes any more. */
async function floodUntilClosed(client: SocketClient, name: string): Promise<string[]> {
  const acked: string[] = [];
  for (let count = 0; client.isOpen; count += 1) {
    const content = `${name} ${count}`;
    const posted = rest.post('/api/rooms/1/messages', { content: `${content} by REST` }, { token });
    const sent = client.ask({ content });
    const answers = await Promise.allSettled([sent, posted]);
    if (answers[0].status === 'fulfilled' && answers[0].value.type === 'ack') acked.push(content);
    if (answers[1].status === 'fulfilled' && answers[1].value.status === 201) {
      acked.push(`${content} by REST`);
    }
  }
  return acked;
}

/** Three clients in the middle of everything. Each resolves to what was acknowledged to it, once nothing goes any more. */
async function flood(): Promise<Promise<string[]>[]> {
  const clients = await Promise.all([enter(), enter(), enter()]);
  const floods = clients.map((client, index) => floodUntilClosed(client, `client ${index}`));
  await clients[0].next('message');
  return floods;
}

describe('A server that is told to end', () => {
  it('sends a crowd away in batches, each socket with a time of its own to come back', async () => {
    const crowd = await Promise.all(Array.from({ length: CROWD }, enter));

    server.signal('SIGTERM');

    const endings = await Promise.all(crowd.map((client) => client.closed()));
    expect(await server.ended()).toEqual({ code: 0, signal: null });
    expect(new Set(endings.map(({ code }) => code))).toEqual(new Set([1012]));
    const waits = endings.map(({ reason }) =>
      Number(/^server restarts, come back in (\d+) ms$/.exec(reason)?.[1]),
    );
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...waits)).toBeLessThanOrEqual(500 + CROWD);
    expect(new Set(waits).size).toBeGreaterThan(CROWD / 4);
  });

  it.each([
    { name: 'once', signals: ['SIGTERM'] as const },
    { name: 'twice', signals: ['SIGTERM', 'SIGTERM'] as const },
    { name: 'in two ways', signals: ['SIGINT', 'SIGTERM', 'SIGINT', 'SIGTERM'] as const },
  ])(
    '$name, in the middle of everything, acknowledges all that it keeps, keeps all that it acknowledged, and ends with 0',
    async ({ signals }) => {
      const floods = await flood();

      for (const signal of signals) {
        server.signal(signal);
        // Whatever answers now, by then the process has had a turn to hear the signal.
        await rest.get('/health/live').catch(() => undefined);
      }

      const acked = (await Promise.all(floods)).flat();
      expect(await server.ended()).toEqual({ code: 0, signal: null });
      const log = await stored();
      expect(acked.length).toBeGreaterThan(0);
      expect(log.map(({ content }) => content).sort()).toEqual(acked.sort());
      expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
      expect(server.errors).toBe('');
    },
  );

  it('ends with 0 however often it is told', async () => {
    const floods = await flood();

    let isOver = false;
    const ending = server.ended().finally(() => (isOver = true));
    while (!isOver) {
      server.signal('SIGINT');
      server.signal('SIGTERM');
      await new Promise((resolve) => setImmediate(resolve));
    }

    expect(await ending).toEqual({ code: 0, signal: null });
    await Promise.all(floods);
    expect(server.errors).toBe('');
  });

  it('refuses an upgrade with 503 to the end, also on a connection that was open before', async () => {
    const { hostname, port } = new URL(url);
    const early = connect(Number(port), hostname);
    await once(early, 'connect');

    server.signal('SIGTERM');
    await until(
      () =>
        fetch(`${url}/health/live`).then(
          () => 'listens',
          () => 'listens no more',
        ),
      (state) => state === 'listens no more',
    );
    early.write(
      `GET /ws/auth?token=${token} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`,
    );
    early.write('Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');

    const [answer] = (await once(early, 'data')).map(String);
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(answer).toMatch(/\r\nRetry-After: \d+\r\n/);
    expect(await server.ended()).toEqual({ code: 0, signal: null });
  });

  it('is not ready any more, while it waits for somebody who does not answer', async () => {
    const frozen = await enter();
    frozen.socket.pause();

    server.signal('SIGTERM');

    const refusal = await until(
      () => rest.get('/health/ready'),
      ({ status }) => status !== 200,
    );
    expect(refusal).toMatchObject({ status: 503, body: { code: 'shutting_down' } });
    expect(refusal.headers.get('retry-after')).toMatch(/^\d+$/);
    frozen.socket.resume();
    expect(await frozen.closed()).toMatchObject({ code: 1012 });
    expect(await server.ended()).toEqual({ code: 0, signal: null });
  });
});
