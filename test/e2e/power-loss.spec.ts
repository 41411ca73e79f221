import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildDiskShim, type DiskShim } from '../disk/disk-shim.js';
import { promisedIn } from '../disk/outgoing.parser.js';
import { choosePoints, losePower } from '../disk/power-losses.js';
import { readRecord, type Operation } from '../disk/record.js';
import { Disk } from '../disk/replay.js';
import { Seeded } from '../disk/seeded.js';
import { DatabaseFile } from '../support/database-file.js';
import type { Caller } from '../support/rest-client.js';
import type { SocketClient } from '../support/socket-client.js';
import type { StoredMessage } from '../support/frames.js';
import { TalkingServer } from '../support/talking-server.js';
import { until } from '../support/until.js';

/** Another one each time. The one that a failure names makes the same choices again, on a new record. */
const SEED = Number(process.env.PARLOR_SEED ?? Date.now() % 2 ** 31);
const LONE = 40;
const PIPELINED = 200;
/** So long that few messages make the 1000 pages after which SQLite checkpoints. In characters. */
const LONG = 15_000;

const random = new Seeded(SEED);
const putOnDisk = buildDiskShim();
const servers: TalkingServer[] = [];
afterAll(() => Promise.all(servers.map((server) => server.remove())));

interface Talk {
  readonly server: TalkingServer;
  readonly disk: DiskShim;
  readonly ann: Caller;
  readonly anns: SocketClient;
  readonly bobs: SocketClient;
}

async function talkWith(durability: 'full' | 'normal'): Promise<Talk> {
  const server = await TalkingServer.inFolder();
  servers.push(server);
  const disk = await putOnDisk(server.process.folder);
  const settings = { DURABILITY: durability, MAX_MESSAGE_LENGTH: `${LONG}`, LOG_LEVEL: 'silent' };
  await server.start({ ...disk.env(), ...settings });
  const [ann, bob] = [await server.person('ann'), await server.person('bob')];
  const room = await server.room(ann, 'lobby');
  return { server, disk, ann, anns: await server.listen(ann, room), bobs: await server.listen(bob, room) };
}

/** The `ref` is the `client_msg_id`, so that an `ack` names its message. */
function say(client: SocketClient, id: string, length: number): Promise<unknown> {
  client.send({ type: 'message', ref: id, client_msg_id: id, content: `${id} `.padEnd(length, '.') });
  return client.answerTo(id);
}

function lengthUpTo(longest: number): number {
  return longest - random.below(Math.ceil(longest / 8));
}

async function alone(client: SocketClient, name: string, count: number, longest: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    await say(client, `${name}-${index}`, lengthUpTo(longest));
  }
}

async function pipelined(client: SocketClient, name: string, count: number, longest: number): Promise<void> {
  const lengths = Array.from({ length: count }, () => lengthUpTo(longest));
  await Promise.all(lengths.map((length, index) => say(client, `${name}-${index}`, length)));
}

async function overRest({ server, ann }: Talk, name: string, count: number): Promise<void> {
  const posted = Array.from({ length: count }, (_, index) => {
    const body = { content: `${name}-${index} `.padEnd(LONG, '.'), client_msg_id: `${name}-${index}` };
    return server.rest.post('/api/rooms/1/messages', body, ann);
  });
  for (const { status } of await Promise.all(posted)) expect(status).toBe(201);
}

async function endedRecord({ server, disk }: Talk): Promise<Operation[]> {
  await server.kill();
  return readRecord(disk.record);
}

/** Where in the record each of these messages was acknowledged. */
function acknowledgedAt(operations: readonly Operation[], name: string, count: number): number[] {
  const places = new Map(promisedIn(operations).map(({ clientMsgId, index }) => [clientMsgId, index]));
  return Array.from({ length: count }, (_, index) => places.get(`${name}-${index}`) ?? -1);
}

/** Syncs in a stretch of the record, and the milliseconds that they took. */
function syncsIn(stretch: readonly Operation[]): { count: number; took: number } {
  const times = stretch.map(({ time }) => time);
  const took = stretch.map(({ kind, time }, index) =>
    kind === 'synced' ? Number(time - (times[index - 1] ?? time)) / 1e6 : undefined,
  );
  const syncs = took.filter((milliseconds) => milliseconds !== undefined);
  return { count: syncs.length, took: syncs.reduce((sum, milliseconds) => sum + milliseconds, 0) };
}

describe('With DURABILITY=full', () => {
  let operations: Operation[];
  let token: string;
  let folder: string;

  beforeAll(async () => {
    const talk = await talkWith('full');
    token = talk.ann.token;
    folder = talk.server.process.folder;
    // The records of the two sockets are a commit of their own, a moment after they have opened.
    const file = new DatabaseFile(talk.server.process.databasePath);
    await until(
      () => file.query('SELECT COUNT(*) AS count FROM connections'),
      ([row]) => row?.count === 2,
    );
    await alone(talk.anns, 'lone', LONE, 100);
    await pipelined(talk.anns, 'pipelined', PIPELINED, 100);
    await alone(talk.bobs, 'long', 60, LONG);
    await Promise.all([
      pipelined(talk.anns, 'burst', 100, LONG),
      pipelined(talk.bobs, 'other', 100, LONG),
      overRest(talk, 'rest', 30),
    ]);
    await overRest(talk, 'more', 20);
    await pipelined(talk.anns, 'again', 350, LONG);
    await alone(talk.anns, 'last', 20, LONG);
    operations = await endedRecord(talk);
  });

  it('the record tells every byte: a disk that loses nothing holds what the real one holds', async () => {
    const disk = new Disk();
    for (const operation of operations) disk.apply(operation);

    const files = disk.afterPowerLoss('kept', random);

    expect([...files.keys()]).toEqual(expect.arrayContaining(['parlor.db', 'parlor.db-wal']));
    for (const [name, bytes] of files) expect(bytes.equals(await readFile(join(folder, name)))).toBe(true);
  });

  it('no message that anybody was told of is lost, wherever the power fails', async () => {
    const points = choosePoints(operations, SEED);

    const losses = await losePower(operations, points, { seed: SEED });

    expect(losses).toEqual({ points: 163, promised: expect.any(Number), lost: [], broken: [] });
    expect(losses.promised).toBeGreaterThan(1_000);
    expect(checkpointsIn(operations)).toBeGreaterThan(2);
  });

  it('a message that comes alone costs one sync and no waiting', () => {
    const places = acknowledgedAt(operations, 'lone', LONE);
    const stretches = places.slice(1).map((place, index) => operations.slice(places[index], place + 1));

    expect(stretches.map((stretch) => syncsIn(stretch).count)).toEqual(Array(LONE - 1).fill(1));
    // From one ack to the next, without the disk. The shortest says it: other load only makes some longer.
    const waits = stretches.map((stretch) => {
      const [first, last] = [stretch.at(0)?.time ?? 0n, stretch.at(-1)?.time ?? 0n];
      return Number(last - first) / 1e6 - syncsIn(stretch).took;
    });
    expect(Math.min(...waits)).toBeLessThan(5);
  });

  it('messages that come together share their syncs', () => {
    const places = acknowledgedAt(operations, 'pipelined', PIPELINED);
    const before = acknowledgedAt(operations, 'lone', LONE).at(-1);

    const { count } = syncsIn(operations.slice(before, Math.max(...places)));

    expect(Math.min(...places)).toBeGreaterThan(0);
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(PIPELINED / 10);
  });

  it('the server starts on what is left, and goes on where the log ends', async () => {
    const end = Math.floor(operations.length * 0.8);
    const disk = new Disk();
    for (const operation of operations.slice(0, end)) disk.apply(operation);
    const promised = promisedIn(operations.slice(0, end)).map(({ seq }) => seq);
    const revived = await TalkingServer.inFolder();
    servers.push(revived);
    for (const [name, bytes] of disk.afterPowerLoss('torn', new Seeded(SEED))) {
      await writeFile(join(revived.process.folder, basename(name)), bytes);
    }

    await revived.start({ DURABILITY: 'full' });
    const path = '/api/rooms/1/messages';
    const { body } = await revived.rest.get<StoredMessage[]>(`${path}?limit=1`, { token });
    const posted = await revived.rest.post<StoredMessage>(path, { content: 'after the night' }, { token });

    const head = body.at(-1)?.seq ?? 0;
    expect({ seed: SEED, head }).toEqual({ seed: SEED, head: expect.any(Number) });
    expect(head).toBeGreaterThanOrEqual(Math.max(...promised));
    expect({ status: posted.status, seq: posted.body.seq }).toEqual({ status: 201, seq: head + 1 });
  });
});

describe('Syncs that fail', () => {
  it('cost no message that anybody was told of, also where the kernel forgets what it could not write', async () => {
    const talk = await talkWith('full');
    const { disk } = talk;
    for (const only of ['wal', 'database'] as const) {
      await alone(talk.anns, `before-${only}`, 5, LONG);
      disk.fail({ call: 'sync', error: 'EIO', only });
      await pipelined(talk.anns, `during-${only}`, 200, LONG);
      await pipelined(talk.bobs, `others-${only}`, 200, LONG);
      expect(disk.failed).toBeGreaterThan(0);
      disk.mend();
      await alone(talk.anns, `after-${only}`, 5, LONG);
    }
    await pipelined(talk.bobs, 'end', 200, LONG);
    const operations = await endedRecord(talk);

    const losses = await losePower(operations, choosePoints(operations, SEED), {
      seed: SEED,
      forgetful: true,
    });

    expect(losses).toEqual({ points: 163, promised: expect.any(Number), lost: [], broken: [] });
    expect(losses.promised).toBeGreaterThan(1_000);
  });
});

describe('These tests can fail', () => {
  it('DURABILITY=normal loses messages that were acknowledged, and keeps the file whole', async () => {
    const talk = await talkWith('normal');
    await alone(talk.anns, 'lone', 30, LONG);
    await pipelined(talk.bobs, 'burst', 200, LONG);
    await pipelined(talk.anns, 'more', 200, LONG);
    const operations = await endedRecord(talk);

    const losses = await losePower(operations, choosePoints(operations, SEED), { seed: SEED });

    expect(losses.lost.length).toBeGreaterThan(20);
    expect(losses.broken).toEqual([]);
  });

  it('a disk whose syncs do nothing loses messages with DURABILITY=full too', async () => {
    const talk = await talkWith('full');
    await alone(talk.anns, 'before', 3, 100);
    talk.disk.swallowSyncs();
    // Each is told of three times: the `ack`, and a `message` to both.
    await alone(talk.anns, 'lone', 30, 100);
    // Bob hears in the same turn as Ann, but perhaps a moment after her.
    await talk.bobs.settled();
    const operations = await endedRecord(talk);

    const end = { index: operations.length, survival: 'gone' } as const;
    const losses = await losePower(operations, [end], { seed: SEED });

    expect(losses.lost).toEqual([expect.stringContaining(': 90 lost')]);
  });
});

/** Each ends with a sync of the database file; the first sync of it is that of its making. */
function checkpointsIn(operations: readonly Operation[]): number {
  const [made] = operations;
  const database = made?.kind === 'opened' && made.name === 'parlor.db' ? made.file : undefined;
  return (
    operations.filter(({ kind, ...rest }) => kind === 'synced' && 'file' in rest && rest.file === database)
      .length - 1
  );
}
