import { performance } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildDiskShim, type DiskShim } from '../disk/disk-shim.js';
import { brokenIn, readStored } from '../disk/stored.js';
import { DatabaseFile } from '../support/database-file.js';
import type { Caller } from '../support/rest-client.js';
import type { SocketClient } from '../support/socket-client.js';
import { TalkingServer } from '../support/talking-server.js';
import { until } from '../support/until.js';

const putOnDisk = buildDiskShim();
const SOCKETS = 20;
const FRAMES = 800;
const TEXT = '.'.repeat(3_000);
const MEGABYTE = 1024 * 1024;
/** Makes V8 collect what nobody holds any more before it asks for more memory. */
const SMALL_HEAP = '--max-old-space-size=80 --max-semi-space-size=4';
/**
 * The clients send 46 MB. Of each socket the server may hold 128 frames, which is 8 MB for all of them (measured: 13 MB
 * more at the most). Whoever keeps what cannot be stored, as text or as an error, needs more than this.
 */
const MAY_GROW = 24 * MEGABYTE;

describe('Twenty who do not stop sending', () => {
  let server: TalkingServer;
  let disk: DiskShim;
  let ann: Caller;
  let room: number;
  let clients: SocketClient[];

  beforeAll(async () => {
    server = await TalkingServer.inFolder();
    disk = await putOnDisk(server.process.folder);
    const settings = { LOG_LEVEL: 'silent', NODE_OPTIONS: SMALL_HEAP };
    await server.start({ ...disk.env({ recorded: false }), ...settings });
    ann = await server.person('ann');
    room = await server.room(ann, 'lobby');
    // They do not listen to the room: this is about what comes in.
    clients = await Promise.all(Array.from({ length: SOCKETS }, () => server.connect(ann)));
    disk.fail({ call: 'sync', error: 'EIO' });
    await flood('warm', 200);
    disk.mend();
  });
  afterAll(() => server.remove());

  const answersOf = (name: string) =>
    clients.map((client) =>
      client.inbox.filter((frame) => 'ref' in frame && frame.ref?.startsWith(`${name}-`)),
    );

  /** Sends it all at once, and asks for the server's memory while it is answered. In bytes: the most it was. */
  async function flood(name: string, frames: number, meanwhile = async () => {}): Promise<number> {
    let most = 0;
    const before = clients.map(({ inbox }) => inbox.length);
    for (let index = 0; index < frames; index += 1) {
      const ref = `${name}-${index}`;
      clients.forEach((client, who) => {
        client.send({ room_id: room, ref, client_msg_id: `${ref}-${who}`, content: TEXT });
      });
    }
    const missing = () =>
      clients.reduce((sum, { inbox }, index) => sum + frames - (inbox.length - (before[index] ?? 0)), 0);
    while (missing() > 0) {
      expect((await server.rest.get('/health/live')).status).toBe(200);
      most = Math.max(most, await server.residentBytes());
      await meanwhile();
    }
    return most;
  }

  it('get an answer to each frame while the disk fails, and cost no memory', async () => {
    const before = await server.residentBytes();
    disk.fail({ call: 'sync', error: 'EIO' });

    const most = await flood('failing', FRAMES);

    for (const answers of answersOf('failing')) {
      expect(answers).toHaveLength(FRAMES);
      expect(new Set(answers.map((frame) => (frame.type === 'error' ? frame.code : frame.type)))).toEqual(
        new Set(['storage_unavailable']),
      );
    }
    expect(most - before).toBeLessThan(MAY_GROW);
    disk.mend();
    await until(
      () => server.rest.get('/health/ready'),
      ({ status }) => status === 200,
    );
  });

  it('get an answer to each frame while another process has the lock, and cost no memory', async () => {
    const before = await server.residentBytes();
    const lock = await DatabaseFile.lock(server.process.databasePath);
    const start = performance.now();
    let isLocked = true;

    const most = await flood('locked', FRAMES, async () => {
      if (!isLocked || performance.now() - start < 6_000) return;
      isLocked = false;
      await lock.release();
    });

    for (const answers of answersOf('locked')) expect(answers).toHaveLength(FRAMES);
    expect(most - before).toBeLessThan(MAY_GROW);
    expect(brokenIn(await readStored(server.process.databasePath))).toEqual([]);
  });
});
