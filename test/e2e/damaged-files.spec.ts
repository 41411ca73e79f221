import { rename } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Page } from '../disk/page.js';
import { brokenIn, readStored } from '../disk/stored.js';
import type { StoredMessage } from '../support/frames.js';
import { expectProblem } from '../support/problems.js';
import type { Caller } from '../support/rest-client.js';
import type { SocketClient } from '../support/socket-client.js';
import { TalkingServer } from '../support/talking-server.js';
import { until } from '../support/until.js';

const MESSAGES = '/api/rooms/1/messages';
const COUNT = 300;
const storageError = { type: 'error', code: 'storage_unavailable', retryable: true };

const idOf = (place: number) => `m-${`${place}`.padStart(4, '0')}`;
const textOf = (place: number) => `${idOf(place)} `.padEnd(1_000, '.');

class Talk {
  constructor(
    readonly server: TalkingServer,
    readonly ann: Caller,
    readonly anns: SocketClient,
  ) {}

  static async of(server: TalkingServer): Promise<Talk> {
    await server.start();
    const ann = await server.person('ann');
    const anns = await server.listen(ann, await server.room(ann, 'lobby'));
    const places = Array.from({ length: COUNT }, (_, index) => index + 1);
    await Promise.all(places.map((place) => anns.say(textOf(place), { client_msg_id: idOf(place) })));
    return new Talk(server, ann, anns);
  }

  read(query: string) {
    return this.server.rest.get<StoredMessage[]>(`${MESSAGES}?${query}`, this.ann);
  }

  ready() {
    return this.server.rest.get('/health/ready');
  }

  healed() {
    return until(
      () => this.ready(),
      ({ status }) => status === 200,
    );
  }

  stored() {
    return readStored(this.server.process.databasePath);
  }
}

async function expectNoneWrong(talk: Talk, from: number, to: number): Promise<void> {
  const { body } = await talk.read(`after=${from - 1}&limit=${to - from + 1}`);
  const texts = Array.from({ length: to - from + 1 }, (_, index) => textOf(from + index));
  expect(body.map(({ content }) => content)).toEqual(texts);
}

const TREES = [
  ['messages', 'the table of messages'],
  ['messages_room_seq', 'the index of places'],
] as const;
const MOMENTS = ['while the server runs', 'before the server starts'] as const;
const CASES = TREES.flatMap(([tree, name]) => MOMENTS.map((moment) => [name, moment, tree] as const));

describe.each(CASES)('Garbage in %s, %s', (_name, moment, tree) => {
  let talk: Talk;
  let page: Page;
  const isTable = tree === 'messages';
  beforeAll(async () => {
    const server = await TalkingServer.inFolder();
    talk = await Talk.of(server);
    page = await Page.inTheMiddleOf(server.process.databasePath, tree);
    if (moment === 'before the server starts') await server.kill();
    await page.damage();
    if (moment === 'before the server starts') await server.start();
  });
  afterAll(() => talk.server.remove());

  // The index is small: all of it is in that one page.
  it(isTable ? 'what lies elsewhere can be read and written' : 'messages are refused', async () => {
    if (isTable) await expectNoneWrong(talk, 1, 50);
    const posted = await talk.server.rest.post(MESSAGES, { content: 'hello' }, talk.ann);

    if (isTable) expect(posted.status).toBe(201);
    else expectProblem(posted, 503, 'storage_unavailable');
  });

  it('what touches it is refused for the time being, and never wrong', async () => {
    const answer = await talk.read('after=100&limit=100');

    expectProblem(answer, 503, 'storage_unavailable');
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
  });

  it('catching up over it fails openly: an error to be retried, or the socket closes', async () => {
    const client = await talk.server.connect(talk.ann);

    client.send({ type: 'join_room', room_id: 1, after_seq: 100 });

    const outcome = await client.next('error').catch(() => client.closed());
    expect([outcome]).toEqual([expect.objectContaining('type' in outcome ? storageError : { code: 1011 })]);
    expect(client.all('message_history')).toEqual([]);
  });

  it('the server lives and is not ready', async () => {
    expect((await talk.server.rest.get('/health/live')).status).toBe(200);
    expectProblem(await talk.ready(), 503, 'storage_unavailable');
  });

  it('it heals by itself when the bytes are put back', async () => {
    await page.putBack();
    await talk.healed();

    for (const start of [1, 101, 201]) await expectNoneWrong(talk, start, start + 99);
    const { status } = await talk.server.rest.post(MESSAGES, { content: 'well again' }, talk.ann);
    expect(status).toBe(201);
    const stored = await talk.stored();
    expect(brokenIn(stored)).toEqual([]);
    expect(stored.messages).toHaveLength(COUNT + (isTable ? 2 : 1));
  });
});

describe('Garbage in the index of retries', () => {
  let talk: Talk;
  beforeAll(async () => {
    talk = await Talk.of(await TalkingServer.inFolder());
  });
  afterAll(() => talk.server.remove());

  it('no message that might be stored already is stored again; all goes well when the bytes are back', async () => {
    const { anns, server } = talk;
    const page = await Page.inTheMiddleOf(server.process.databasePath, 'messages_retry');
    await page.damage();
    // The index has few leaves, and one of them is broken: some of these retries touch it.
    const retries = Array.from({ length: COUNT }, (_, index) => ({
      type: 'message',
      client_msg_id: idOf(index + 1),
      content: 'said again',
    }));

    const answers = [];
    for (const retry of retries) answers.push(await anns.ask(retry));

    const refused = answers.filter(({ type }) => type === 'error');
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) expect(answer).toMatchObject(storageError);
    answers.forEach((answer, index) => {
      if (answer.type === 'ack') expect(answer).toMatchObject({ seq: index + 1, duplicate: true });
    });
    expectProblem(await talk.ready(), 503, 'storage_unavailable');
    expect(anns.all('message')).toHaveLength(COUNT);

    await page.putBack();
    await talk.healed();

    for (const [index, retry] of retries.entries()) {
      expect(await anns.ask(retry)).toMatchObject({ type: 'ack', seq: index + 1, duplicate: true });
    }
    await anns.say('well again', { client_msg_id: 'new' });
    const stored = await talk.stored();
    expect(brokenIn(stored)).toEqual([]);
    expect(stored.messages).toHaveLength(COUNT + 1);
  });
});

describe('A database file that is moved away while the server runs', () => {
  let talk: Talk;
  beforeAll(async () => {
    talk = await Talk.of(await TalkingServer.inFolder());
  });
  afterAll(() => talk.server.remove());

  it('stops all writing: what would be acknowledged now would be in a file that nobody finds', async () => {
    const { anns, ann, server } = talk;
    const path = server.process.databasePath;
    const away = `${path}.away`;
    await rename(path, away);

    anns.send({ type: 'message', ref: 'lost', client_msg_id: 'lost', content: 'is this lost?' });
    const answer = await anns.answerTo('lost');
    const posted = await server.rest.post(MESSAGES, { content: 'and this?' }, ann);
    const ready = await talk.ready();
    await rename(away, path);

    expect(answer).toMatchObject(storageError);
    expectProblem(posted, 503, 'storage_unavailable');
    expectProblem(ready, 503, 'storage_unavailable');
    await talk.healed();
    expect(await anns.say('is this lost?', { client_msg_id: 'lost' })).toMatchObject({ seq: COUNT + 1 });
    const stored = await talk.stored();
    expect(brokenIn(stored)).toEqual([]);
    expect(stored.messages).toHaveLength(COUNT + 1);
  });
});
