import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { buildDiskShim, type DiskShim } from '../disk/disk-shim.js';
import { brokenIn, readStored } from '../disk/stored.js';
import { DatabaseFile } from '../support/database-file.js';
import type { SocketClient } from '../support/socket-client.js';
import { TalkingServer } from '../support/talking-server.js';
import { until } from '../support/until.js';

const putOnDisk = buildDiskShim();
/** A message of this size is a handful of reads, a dozen writes and one sync. */
const LENGTH = 3_500;
const TRIES = 25;
/**
 * How many calls are let through before one fails, in turns. Only the first sync belongs to the message, and a commit
 * of the server's own, of its record of connections, may take the fault instead: so it is tried several times.
 */
const SKIPS = { sync: 5, write: TRIES, read: TRIES };

describe('A single call that fails, whichever of a commit', () => {
  let server: TalkingServer;
  let disk: DiskShim;
  let anns: SocketClient;
  let bobs: SocketClient;
  const acknowledged: string[] = [];

  beforeAll(async () => {
    server = await TalkingServer.inFolder();
    disk = await putOnDisk(server.process.folder);
    await server.start(disk.env({ recorded: false }));
    const [ann, bob] = [await server.person('ann'), await server.person('bob')];
    const room = await server.room(ann, 'lobby');
    [anns, bobs] = [await server.listen(ann, room), await server.listen(bob, room)];
  });
  afterAll(() => server.remove());

  async function isAcknowledged(id: string): Promise<boolean> {
    const content = `${id} `.padEnd(LENGTH, '.');
    const answer = await anns.ask({ type: 'message', client_msg_id: id, content });
    if (answer.type === 'ack') acknowledged.push(id);
    else expect(answer).toMatchObject({ code: 'storage_unavailable', retryable: true });
    return answer.type === 'ack';
  }

  it.each(['sync', 'write', 'read'] as const)('%s', async (call) => {
    let refused = 0;
    let failed = 0;
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      // What another process wrote is not in any page cache, so that there is something to read.
      await new DatabaseFile(server.process.databasePath).execute(`PRAGMA user_version = ${attempt + 2}`);
      disk.fail({ call, error: 'EIO', skip: attempt % SKIPS[call], times: 1 });
      if (!(await isAcknowledged(`${call}-${attempt}`))) refused += 1;
      failed += disk.failed;
      disk.mend();
      await until(
        () => isAcknowledged(`${call}-${attempt}`),
        (acked) => acked,
      );
    }

    expect(failed).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(TRIES);
  });

  it('each was stored once and heard once', async () => {
    const ids = [...new Set(acknowledged)];
    await bobs.settled();
    expect(bobs.all('message').map(({ seq }) => seq)).toEqual(ids.map((_, index) => index + 1));
    expect(bobs.all('message').map(({ content }) => content.split(' ')[0])).toEqual(ids);

    await server.kill();

    const stored = await readStored(server.process.databasePath);
    expect(brokenIn(stored)).toEqual([]);
    expect(stored.messages.map(({ client_msg_id }) => client_msg_id)).toEqual(ids);
  });
});

describe('A disk that is read-only when the server starts', () => {
  let server: TalkingServer;
  beforeEach(async () => {
    server = await TalkingServer.inFolder();
  });
  afterEach(() => server.remove());

  it.each(['without a database', 'with a database'])('is told in a sentence, %s', async (what) => {
    const disk = await putOnDisk(server.process.folder);
    if (what === 'with a database') {
      await server.start(disk.env({ recorded: false }));
      await server.kill();
    }
    disk.fail({ call: 'write', error: 'EROFS' });

    server.process.run(disk.env({ recorded: false }));
    const { code, signal } = await server.process.ended();

    expect(signal).toBeNull();
    expect(code).toBeGreaterThan(0);
    expect(server.process.output).not.toContain('Parlor listens');
    const sentence = server.process.errors.trim().split('\n').at(-1);
    expect(sentence).toMatch(/^(Parlor cannot go on: | {2}- )./);
    expect(server.process.errors).not.toMatch(/\n\s+at |another Parlor server/);
  });
});
