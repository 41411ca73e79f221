import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildDiskShim, type DiskShim, type Fault } from '../disk/disk-shim.js';
import { brokenIn, readStored } from '../disk/stored.js';
import { DatabaseFile } from '../support/database-file.js';
import type { StoredMessage } from '../support/frames.js';
import { expectProblem } from '../support/problems.js';
import type { Caller } from '../support/rest-client.js';
import type { SocketClient } from '../support/socket-client.js';
import { TalkingServer } from '../support/talking-server.js';
import { until } from '../support/until.js';

const putOnDisk = buildDiskShim();

const FAULTS: [string, Fault][] = [
  ['syncs fail (EIO)', { call: 'sync', error: 'EIO' }],
  ['writes fail (EIO)', { call: 'write', error: 'EIO' }],
  ['the disk is full (ENOSPC)', { call: 'write', error: 'ENOSPC' }],
  ['the disk has become read-only (EROFS)', { call: 'write', error: 'EROFS' }],
  ['reads fail (EIO)', { call: 'read', error: 'EIO' }],
];
const MESSAGES = '/api/rooms/1/messages';
const storageError = (ref: string) => ({ type: 'error', ref, code: 'storage_unavailable', retryable: true });

describe.each(FAULTS)('While %s', (_, fault) => {
  const reads = fault.call === 'read';
  let server: TalkingServer;
  let disk: DiskShim;
  let ann: Caller;
  let bob: Caller;
  let anns: SocketClient;
  let bobs: SocketClient;
  /** By `client_msg_id`: what the server said yes to. */
  const acknowledged: string[] = [];

  beforeAll(async () => {
    server = await TalkingServer.inFolder();
    disk = await putOnDisk(server.process.folder);
    await server.start(disk.env({ recorded: false }));
    [ann, bob] = [await server.person('ann'), await server.person('bob')];
    const room = await server.room(ann, 'lobby');
    [anns, bobs] = [await server.listen(ann, room), await server.listen(bob, room)];
    for (const id of ['before-1', 'before-2', 'before-3']) await say(id);
    await breakDisk();
  });
  afterAll(() => server.remove());

  /** What this process has read may be wrong after another one wrote, so it is read again: from the disk. */
  async function breakDisk(): Promise<void> {
    if (reads) await new DatabaseFile(server.process.databasePath).execute('PRAGMA user_version = 1');
    disk.fail(fault);
  }

  function send(id: string): void {
    anns.send({ type: 'message', ref: id, client_msg_id: id, content: `this is ${id}` });
  }

  async function say(id: string): Promise<void> {
    send(id);
    expect(await anns.answerTo(id)).toMatchObject({ type: 'ack', ref: id });
    acknowledged.push(id);
  }

  function post(id: string) {
    return server.rest.post(MESSAGES, { client_msg_id: id, content: `this is ${id}` }, ann);
  }

  it('a message is refused for the time being, and nobody sees it', async () => {
    send('during');
    send('during-2');

    expect(await anns.answerTo('during')).toMatchObject(storageError('during'));
    expect(await anns.answerTo('during-2')).toMatchObject(storageError('during-2'));
    expect(disk.failed).toBeGreaterThan(0);
    await Promise.all([anns.settled(), bobs.settled()]);
    for (const client of [anns, bobs]) expect(client.all('message').map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it('REST says when to come again', async () => {
    const answer = await post('during-rest');

    expectProblem(answer, 503, 'storage_unavailable');
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
  });

  it('the server lives and is not ready', async () => {
    expect((await server.rest.get('/health/live')).status).toBe(200);
    expectProblem(await server.rest.get('/health/ready'), 503, 'storage_unavailable');
  });

  it(reads ? 'history is refused for the time being' : 'history can be read', async () => {
    const answer = await server.rest.get<StoredMessage[]>(MESSAGES, bob);

    if (reads) {
      expectProblem(answer, 503, 'storage_unavailable');
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    } else {
      expect(answer.body.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    }
  });

  it(reads ? 'nobody gets in, and is told why' : 'whoever comes back gets in', async () => {
    const coming = server.listen(bob, 1);

    if (reads) await expect(coming).rejects.toThrow('503');
    else expect((await coming).all('message_history')[0]).toMatchObject({ head_seq: 3, has_more: false });
  });

  it('it heals by itself: a retry is stored once, and everybody sees it once', async () => {
    disk.mend();
    await until(
      () => server.rest.get('/health/ready'),
      ({ status }) => status === 200,
    );
    const retries = ['during', 'during-2'];
    for (const id of retries) await say(id);
    expect((await post('during-rest')).status).toBe(201);
    expect((await post('during-rest')).status).toBe(200);
    acknowledged.push('during-rest');
    await say('after');
    await say('after');

    await bobs.settled();
    const heard = bobs.all('message');
    expect(heard.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(heard.slice(3).map(({ content }) => content)).toEqual(
      [...retries, 'during-rest', 'after'].map((id) => `this is ${id}`),
    );
    expect([anns.isOpen, bobs.isOpen]).toEqual([true, true]);
    const { body } = await server.rest.get<StoredMessage[]>(MESSAGES, bob);
    expect(body.map(({ content }) => content)).toEqual(heard.map(({ content }) => content));
  });

  it('nothing that was acknowledged is lost when the server is killed in the middle', async () => {
    await refuse('middle');
    await server.kill();
    disk.mend();
    await expectAcknowledged();

    await server.start(disk.env({ recorded: false }));
    anns = await server.listen(ann, 1);
    await say('middle');
    const { body } = await server.rest.get<StoredMessage[]>(MESSAGES, ann);
    expect(body.map(({ seq }) => seq)).toEqual(Array.from({ length: 8 }, (_, index) => index + 1));
  });

  it('nothing that was acknowledged is lost when the server is killed right after', async () => {
    await refuse('late');
    disk.mend();
    // After a read that failed the whole file is looked at before anything is written to it.
    await until(
      () => {
        send('late');
        return anns.answerTo('late');
      },
      ({ type }) => type === 'ack',
    );
    acknowledged.push('late');

    await server.kill();

    await expectAcknowledged();
  });

  async function refuse(id: string): Promise<void> {
    await breakDisk();
    send(id);
    expect(await anns.answerTo(id)).toMatchObject(storageError(id));
  }

  /** A message that was refused may be there too: whether its commit came through was open when the process died. */
  async function expectAcknowledged(): Promise<void> {
    const stored = await readStored(server.process.databasePath);
    expect(brokenIn(stored)).toEqual([]);
    const ids = [...new Set(acknowledged)];
    expect(stored.messages.map(({ client_msg_id }) => client_msg_id).slice(0, ids.length)).toEqual(ids);
  }
});
