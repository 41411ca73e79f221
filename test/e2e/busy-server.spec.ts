import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DatabaseFile } from '../support/database-file.js';
import { TalkingServer } from '../support/talking-server.js';

let server: TalkingServer;
beforeEach(async () => {
  server = await TalkingServer.inFolder();
});
afterEach(() => server.remove());

describe('A server that has much to do', () => {
  it('goes on while fifty passwords are hashed', async () => {
    await server.start({ BCRYPT_COST: '11', LOGIN_FAILURES: '1000', LOGIN_FAILURES_PER_ADDRESS: '1000' });
    const ada = await server.person('ada');
    const adas = await server.connect(ada);
    let waiting = 50;
    const logIns = Array.from({ length: waiting }, async (_, index) => {
      const credentials = { username: `nobody${index}`, password: 'wrong wrong' };
      const { status } = await server.rest.post('/api/token', credentials);
      waiting -= 1;
      return status;
    });

    let rounds = 0;
    while (waiting > 0) {
      await adas.settled();
      expect((await server.rest.get('/health/live')).status).toBe(200);
      rounds += 1;
    }

    expect(new Set(await Promise.all(logIns))).toEqual(new Set([401]));
    // Hashed in the loop, they would leave room for about one round between two of them.
    expect(rounds).toBeGreaterThan(100);
  });

  it('answers pings and requests while another process has the lock', async () => {
    await server.start();
    const ada = await server.person('ada');
    const room = await server.room(ada, 'lobby');
    const [adas, others] = [await server.listen(ada, room), await server.connect(ada)];
    const lock = await DatabaseFile.lock(server.process.databasePath);
    let isRefused = false;
    const refused = adas.ask({ content: 'waits for the lock' }).finally(() => (isRefused = true));

    let pongs = 0;
    while (!isRefused) {
      const pong = once(others.socket, 'pong');
      others.socket.ping();
      await pong;
      expect((await server.rest.get('/health/live')).status).toBe(200);
      pongs += 1;
    }

    await lock.release();
    expect(await refused).toMatchObject({ type: 'error', code: 'storage_unavailable', retryable: true });
    expect(pongs).toBeGreaterThan(100);
  });

  it('cuts nobody off because it was held up itself', async () => {
    const folder = server.process.folder;
    const hold = join(folder, 'hold.mjs');
    // A turn of the event loop that takes three times as long as a client has to answer a ping.
    await writeFile(
      hold,
      `process.on('SIGUSR2', () => { const end = Date.now() + 1500; while (Date.now() < end); });`,
    );
    await server.start({
      NODE_OPTIONS: `--import ${hold}`,
      HEARTBEAT_INTERVAL_MS: '1000',
      HEARTBEAT_TIMEOUT_MS: '500',
    });
    const ada = await server.person('ada');
    const clients = await Promise.all(Array.from({ length: 30 }, () => server.connect(ada)));

    for (let round = 0; round < 3; round += 1) {
      const start = Date.now();
      server.process.signal('SIGUSR2');
      while (Date.now() - start < 1_500) await clients[0]?.settled();
      await Promise.all(clients.map((client) => once(client.socket, 'ping')));
    }

    await Promise.all(clients.map((client) => client.settled()));
    expect(clients.every((client) => client.isOpen)).toBe(true);
  });
});
