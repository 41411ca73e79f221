import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgresDatabase } from '../support/postgres-database.js';
import { bodyOf } from '../support/rest-client.js';
import { runMove, type MoveEnding } from '../support/run-move.js';
import { ON_POSTGRES, TestServer, type Person, type Room } from '../support/test-server.js';

/** What JSON, SQL and encodings stumble over. */
const ODD_TEXTS = [
  'Zoë naïve Ḁ́ e\u0301',
  '👩‍👩‍👧‍👦 🏳️‍🌈 𝒳 \u{10FFFF}',
  'שלום \u202Eمرحبا',
  String.raw`a backslash \u0000, a quote ' and " and \ and $1 and ?`,
  'lines\r\nand\ttabs\u2028\u2029\u0001\u007F\uFFFD\uFEFF',
  '{"type":"message"} NULL null [] ,',
];

interface Message {
  id: number;
  seq: number;
  content: string;
  reply_to: number | null;
}

const source = new TestServer({}, { database: 'sqlite', nodes: 1 });
let postgres: PostgresDatabase;
let target: TestServer;
let ada: Person;
let bob: Person;
let eve: Person;
let mallory: Person;
let late: Person;
let lobby: Room;
let den: Room;
let code: string;
let epoch: string;
let moved: MoveEnding;
let before: Buffer;
let seenInSource: unknown[];

async function say(server: TestServer, room: Room, who: Person, content: string, further: object = {}) {
  const body = { content, ...further };
  return server.rest.post<Message>(`/api/rooms/${room.id}/messages`, body, who);
}

/** Everything that people can ask of a server about this story. */
async function lookAround(server: TestServer): Promise<unknown[]> {
  const paths = ['', '/messages', '/members', '/bans', '/mutes', '/invitations'];
  const asked = [lobby, den].flatMap(({ id }) => paths.map((path) => `/api/rooms/${id}${path}`));
  const seen: unknown[] = [];
  for (const who of [ada, eve, late]) {
    for (const path of ['/api/users/me', '/api/rooms/', ...asked]) {
      const { status, body } = await server.rest.get(path, who);
      seen.push([who.username, path, status, body]);
    }
  }
  seen.push((await server.rest.get('/api/audit', ada)).body);
  return seen;
}

async function tellTheStory(): Promise<void> {
  [ada, bob, eve, mallory, late] = await source.people('ada', 'bob', 'eve', 'mallory', 'late');
  await source.database.execute(`UPDATE users SET role = 'admin' WHERE id = ${ada.id}`);
  lobby = await source.roomOf(ada, bob, eve, mallory);
  den = await source.privateRoomOf(bob, ada);
  for (const text of ODD_TEXTS) bodyOf(await say(source, lobby, ada, text), 201);
  const asked = bodyOf(await say(source, lobby, bob, 'a question', { client_msg_id: 'asked once' }), 201);
  bodyOf(await say(source, lobby, eve, 'an answer', { reply_to: asked.id }), 201);
  bodyOf(await say(source, den, bob, 'in private'), 201);
  const sanction = { seconds: 3_600, reason: 'spam — „twice“' };
  bodyOf(await source.rest.put(`/api/rooms/${lobby.id}/bans/${mallory.id}`, ada, sanction), 204);
  bodyOf(await source.rest.put(`/api/rooms/${lobby.id}/mutes/${eve.id}`, ada, sanction), 200);
  const path = `/api/rooms/${den.id}/invitations`;
  code = bodyOf(await source.rest.post<{ code: string }>(path, {}, bob), 201).code;
  const socket = await source.socket('/ws/auth', bob);
  ({ epoch } = await socket.next('connection_established'));
  await socket.close();
}

/** What old versions, clients in the last moment of their sockets, a crash, and a room that is gone leave behind. */
async function leaveOddities(): Promise<void> {
  await source.stop();
  await source.database.execute(`
    UPDATE messages SET content = 'old' || char(0) || 'text' WHERE room_id = ${den.id};
    UPDATE connections SET node = 'gone', closed_at = NULL, close_reason = 'be' || char(0) || 'low';
    UPDATE sqlite_sequence SET seq = 1000 WHERE name = 'rooms'`);
  before = await readFile(source.databasePath);
}

beforeAll(async () => {
  await source.start();
  await tellTheStory();
  seenInSource = await lookAround(source);
  await leaveOddities();
  postgres = await PostgresDatabase.create();
  moved = await runMove(source.database, postgres);
  target = new TestServer({ DATABASE_URL: postgres.url }, ON_POSTGRES);
  await target.start();
});
afterAll(async () => {
  await target.remove();
  await source.remove();
  await postgres.remove();
});

describe('A database that was moved from SQLite to PostgreSQL', () => {
  it('is told to be whole, with what could not be kept as it was', () => {
    expect(moved).toMatchObject({ code: 0, signal: null });
    expect(moved.output).toMatch(/has all \d+ rows of \d+ tables, compared, after/);
    expect(moved.output).toContain('messages: 1 of them held U+0000');
    expect(moved.output).toContain('connections: 1 of them held U+0000');
  });

  it('was read only: the file has the bytes that it had', async () => {
    const after = await readFile(source.databasePath);
    expect(after.equals(before)).toBe(true);
  });

  it('shows everybody what they saw, with the tokens that they had', async () => {
    const seen = await lookAround(target);

    const expected: unknown = JSON.parse(JSON.stringify(seenInSource).replace('in private', 'old\uFFFDtext'));
    expect(seen).toEqual(expected);
    const { body } = await target.rest.get<Message[]>(`/api/rooms/${lobby.id}/messages`, ada);
    expect(body.map(({ content }) => content)).toEqual([...ODD_TEXTS, 'a question', 'an answer']);
  });

  it('lets people log in with their passwords, and refresh what they had', async () => {
    expect(await target.logIn(ada)).toEqual({ token: expect.any(String), refreshToken: expect.any(String) });
    const raw = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: late.refreshToken });
    expect((await target.rest.request('POST', '/api/token', { raw })).status).toBe(200);
  });

  it('answers a retry from before the move with the original', async () => {
    const { body: history } = await target.rest.get<Message[]>(`/api/rooms/${lobby.id}/messages`, bob);
    const original = history.find(({ content }) => content === 'a question');

    const retry = await say(target, lobby, bob, 'a question', { client_msg_id: 'asked once' });

    expect(retry.status).toBe(200);
    expect(retry.body).toMatchObject({ id: original?.id, seq: original?.seq });
  });

  it('lets a client resume in the epoch that it has read in, without a gap', async () => {
    const place = `after_seq=${ODD_TEXTS.length}&epoch=${epoch}`;
    const client = await target.socket(`/ws/room/${lobby.id}?${place}`, bob);

    const pages = await client.wholeHistory();

    const texts = pages.flatMap(({ messages }) => messages.map(({ content }) => content));
    expect(texts).toEqual(['a question', 'an answer']);
    expect(client.all('error')).toEqual([]);
  });

  it('goes on: bans and mutes hold, the invitation is good, and numbers follow those that there were', async () => {
    const join = await target.rest.post(`/api/rooms/${lobby.id}/join`, undefined, mallory);
    expect(join.status).toBe(403);
    expect((await say(target, lobby, eve, 'psst')).status).toBe(403);
    expect((await target.rest.post('/api/invitations/accept', { code }, late)).status).toBe(200);
    const { body: said } = await say(target, den, late, 'here I am');
    const newest = Math.max(
      ...(await source.database.query('SELECT id FROM messages')).map(({ id }) => Number(id)),
    );
    expect(said).toMatchObject({ id: newest + 1, seq: 2 });
    expect((await target.room(late, { name: 'a new one' })).id).toBe(1001);
    expect((await target.person('newcomer')).id).toBe(late.id + 1);
  });

  it('has no record of a socket that nobody will close', async () => {
    const records = await postgres.query(
      "SELECT closed_at, close_reason FROM connections WHERE node = 'gone'",
    );

    const closed = { closed_at: expect.any(Number), close_reason: 'the server ended before the socket did' };
    expect(records).toEqual([closed]);
  });

  it('is no target any more', async () => {
    await target.stop();

    const again = await runMove(source.database, postgres);

    expect(again).toMatchObject({ code: 1, output: '' });
    expect(again.errors).toMatch(/ is not empty: \w+ has rows\.\n$/);
  });
});
