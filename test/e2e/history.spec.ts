import { beforeAll, describe, expect, it } from '@jest/globals';
import type { StoredMessage } from '../support/frames.js';
import { expectProblem } from '../support/problems.js';
import { runServer, type Person, type Room } from '../support/test-server.js';

const server = runServer();
const LENGTH = 120;
let ada: Person;
let room: Room;

beforeAll(async () => {
  ada = await server.person('ada');
  room = await server.roomOf(ada);
  const [adas] = await server.connectTo(room, ada);
  for (let seq = 1; seq <= LENGTH; seq += 1) adas.send({ content: `text ${seq}` });
  await adas.settled();
});

function ask(query: string) {
  return server.rest.get<StoredMessage[]>(`/api/rooms/${room.id}/messages${query}`, ada);
}

async function seqs(query: string): Promise<number[]> {
  const answer = await ask(query);
  expect(answer.status).toBe(200);
  return answer.body.map((message) => message.seq);
}

function from(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

describe('History over REST', () => {
  it.each(['', '/'])('messages%s is a bare array of the last 50, oldest first', async (slash) => {
    const answer = await ask(slash);

    expect(answer.body.map((message) => message.seq)).toEqual(from(71, 120));
    expect(answer.body[0]).toEqual({
      id: expect.any(Number),
      seq: 71,
      content: 'text 71',
      room_id: room.id,
      user_id: ada.id,
      username: ada.username,
      created_at: expect.stringMatching(/Z$/),
      timestamp: answer.body[0]?.created_at,
      reply_to: null,
      edited_at: null,
    });
  });

  it.each<[string, number[]]>([
    ['?limit=1', [120]],
    ['?limit=100', from(21, 120)],
    ['?before=50&limit=10', from(40, 49)],
    ['?before=50', from(1, 49)],
    ['?before=5&limit=10', from(1, 4)],
    ['?before=1', []],
    ['?before=121&limit=3', from(118, 120)],
    ['?before=5000&limit=3', from(118, 120)],
    ['?after=50&limit=10', from(51, 60)],
    ['?after=0&limit=3', from(1, 3)],
    ['?after=118', [119, 120]],
    ['?after=120', []],
    ['?after=5000', []],
    ['?skip=0&limit=10', from(111, 120)],
    ['?skip=10&limit=10', from(101, 110)],
    ['?skip=115&limit=10', from(1, 5)],
    ['?skip=120', []],
    ['?skip=70', from(1, 50)],
  ])('%s', async (query, expected) => {
    expect(await seqs(query)).toEqual(expected);
  });

  it.each([1, 2, 60, 119, 120])('around=%d gives a page with that message in it', async (seq) => {
    const page = await seqs(`?around=${seq}&limit=11`);

    expect(page).toContain(seq);
    expect(page).toEqual(from(page[0] ?? 0, page.at(-1) ?? 0));
    expect(page.length).toBeGreaterThanOrEqual(6);
    expect(page.length).toBeLessThanOrEqual(11);
  });

  it('around the middle has as many before as behind', async () => {
    expect(await seqs('?around=60&limit=11')).toEqual(from(55, 65));
  });

  it('walks the whole log backwards by rel="prev", and forwards again by rel="next"', async () => {
    const backwards: number[] = [];
    for (let query: string | undefined = '?limit=25'; query !== undefined;) {
      const answer = await ask(query);
      backwards.unshift(...answer.body.map((message) => message.seq));
      query = linked(answer.headers.get('link'), 'prev');
    }
    expect(backwards).toEqual(from(1, LENGTH));

    const forwards: number[] = [];
    for (let query: string | undefined = '?after=0&limit=25'; query !== undefined;) {
      const answer = await ask(query);
      forwards.push(...answer.body.map((message) => message.seq));
      query = linked(answer.headers.get('link'), 'next');
    }
    expect(forwards).toEqual(from(1, LENGTH));
  });

  it('links to both sides from the middle, and keeps the limit', async () => {
    const link = (await ask('?around=60&limit=11')).headers.get('link');

    expect(await seqs(linked(link, 'prev') ?? 'missing')).toEqual(from(44, 54));
    expect(await seqs(linked(link, 'next') ?? 'missing')).toEqual(from(66, 76));
  });

  it('has no link to where nothing is', async () => {
    expect(linked((await ask('?after=0&limit=5')).headers.get('link'), 'prev')).toBeUndefined();
    expect(linked((await ask('?limit=5')).headers.get('link'), 'next')).toBeUndefined();
  });

  it('does not shift while people talk: a page before a place stays that page', async () => {
    const own = await server.roomOf(ada);
    const [adas] = await server.connectTo(own, ada);
    const page = async () =>
      (await server.rest.get<StoredMessage[]>(`/api/rooms/${own.id}/messages?before=4&limit=2`, ada)).body;
    for (const text of ['1', '2', '3', '4']) await adas.say(text);
    const then = await page();

    await adas.say('5');

    expect(await page()).toEqual(then);
    expect(then.map((message) => message.seq)).toEqual([2, 3]);
  });

  it.each([
    'before=10&after=5',
    'before=10&around=5',
    'after=10&around=5',
    'before=1&after=1&around=1',
    'limit=0',
    'limit=101',
    'limit=-1',
    'limit=1e1',
    'limit=ten',
    'limit=',
    'limit=1&limit=9999',
    'before=-1',
    'before=NaN',
    'before=1.5',
    'after=-1',
    'after=99999999999999999999',
    'around=x',
    'skip=-1',
    'skip=9007199254740993',
    'skip=1e3',
  ])('refuses ?%s', async (query) => {
    expectProblem(await ask(`?${query}`), 422, 'invalid_input');
  });

  it('answers 404 for a room that is not there, and 401 to nobody', async () => {
    expectProblem(await server.rest.get('/api/rooms/999999/messages', ada), 404, 'room_not_found');
    expectProblem(await server.rest.get(`/api/rooms/${room.id}/messages`), 401, 'not_authenticated');
  });
});

/** The query of the link with this relation (RFC 8288); links are relative to the server. */
function linked(header: string | null, relation: string): string | undefined {
  for (const [, target, rel] of (header ?? '').matchAll(/<([^>]*)>\s*;\s*rel="?(\w+)"?/g)) {
    if (rel !== relation || target === undefined) continue;
    const url = new URL(target, server.url);
    expect(url.pathname.replace(/\/$/, '')).toBe(`/api/rooms/${room.id}/messages`);
    return url.search;
  }
  return undefined;
}
