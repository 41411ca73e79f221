import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DatabaseLink } from '../support/database-link.js';
import { PostgresDatabase } from '../support/postgres-database.js';
import { ServerProcess } from '../support/server-process.js';
import { TestServer } from '../support/test-server.js';
import { until } from '../support/until.js';

let database: PostgresDatabase;
let link: DatabaseLink;
let server: TestServer;
beforeAll(async () => {
  database = await PostgresDatabase.create();
  link = await DatabaseLink.to(database.url);
  const limits = { DATABASE_LOCK_TIMEOUT_MS: '200', DATABASE_STATEMENT_TIMEOUT_MS: '1000' };
  server = new TestServer({ DATABASE_URL: link.url, ...limits });
  await server.start();
});
afterEach(async () => {
  link.mend();
  await ready();
});
afterAll(async () => {
  await server.remove();
  await link.close();
  await database.remove();
});

const readiness = async () => (await server.rest.get('/health/ready')).status;
const ready = () => until(readiness, (status) => status === 200);
const stored = (room: { id: number }) =>
  database.query('SELECT seq, content FROM messages WHERE room_id = ? ORDER BY seq', [room.id]);

describe('A connection to PostgreSQL that is lost', () => {
  it('behind a commit loses no answer, and stores nothing twice', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const [adas] = await server.connectTo(room, ada);
    await adas.say('before');

    link.deafen();
    const acknowledged = adas.say('in the dark');
    await until(
      () => stored(room),
      (rows) => rows.length === 2,
    );
    link.mend();

    expect(await acknowledged).toMatchObject({ seq: 2 });
    expect(await adas.say('after')).toMatchObject({ seq: 3 });
    expect(await stored(room)).toEqual([
      { seq: 1, content: 'before' },
      { seq: 2, content: 'in the dark' },
      { seq: 3, content: 'after' },
    ]);
    const shown = adas.all('message').map(({ content }) => content);
    expect(shown).toEqual(['before', 'in the dark', 'after']);
  });

  it('again and again, under load, loses and doubles nothing that was acknowledged', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const [adas] = await server.connectTo(room, ada);

    const answers: Promise<Record<string, unknown>>[] = [];
    for (let cuts = 0; cuts < 8; cuts += 1) {
      for (let count = 0; count < 40; count += 1) {
        answers.push(adas.ask({ content: `${cuts} ${count}` }).then((answer) => ({ ...answer })));
      }
      await answers.at(-40);
      await database.cutConnections();
    }
    const all = await Promise.all(answers);
    await ready();

    const acknowledged = all.flatMap((answer) => (answer.type === 'ack' ? [answer.seq] : []));
    const rows = await stored(room);
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
    expect(rows.map(({ seq }) => seq)).toEqual(Array.from(rows, (_, index) => index + 1));
    expect(rows.map(({ seq }) => seq)).toEqual(expect.arrayContaining(acknowledged));
    expect(new Set(rows.map(({ content }) => content)).size).toBe(rows.length);
    const others = all.filter(({ type }) => type !== 'ack');
    expect(others.every(({ code }) => code === 'storage_unavailable')).toBe(true);
  });
});

describe('A PostgreSQL that is away', () => {
  it('makes every answer a 503 that says so, readiness too, until it is back', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const [adas] = await server.connectTo(room, ada);

    link.cut();
    const write = await server.rest.post('/api/rooms/', { name: 'nowhere' }, ada);
    const read = await server.rest.get(`/api/rooms/${room.id}/messages`, ada);
    const frame = await adas.ask({ content: 'nowhere' });
    const during = await readiness();
    link.mend();
    await ready();

    expect([write, read].map(({ status, headers }) => [status, headers.get('retry-after')])).toEqual([
      [503, '1'],
      [503, '1'],
    ]);
    expect(frame).toMatchObject({ type: 'error', code: 'storage_unavailable' });
    expect(during).toBe(503);
    expect(await adas.say('back')).toMatchObject({ seq: 1 });
  });

  it('and a network that swallows everything, is noticed too', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const [adas] = await server.connectTo(room, ada);

    link.deafen();
    const read = await server.rest.get(`/api/rooms/${room.id}/messages`, ada);
    const frame = await adas.ask({ content: 'nowhere' });
    link.mend();
    await ready();

    expect(read.status).toBe(503);
    expect(frame).toMatchObject({ type: 'error', code: 'storage_unavailable' });
    const before = (await stored(room)).length;
    expect(await adas.say('back')).toMatchObject({ seq: before + 1 });
  });

  it('takes reads and refuses writes while it is read-only', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const [adas] = await server.connectTo(room, ada);
    await database.setReadOnly(true);

    const frame = await adas.ask({ content: 'nowhere' });
    const read = await server.rest.get(`/api/rooms/${room.id}/messages`, ada);
    await database.setReadOnly(false);
    await ready();

    expect(frame).toMatchObject({ type: 'error', code: 'storage_unavailable' });
    expect(read.status).toBe(200);
    expect(await adas.say('back')).toMatchObject({ seq: 1 });
  });
});

describe('A room that somebody has locked', () => {
  it('is told to be unavailable after the lock time-out, and works again when it is let go', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const [adas] = await server.connectTo(room, ada);
    const release = await database.hold(`SELECT FROM rooms WHERE id = ${room.id} FOR UPDATE`);

    const frame = await adas.ask({ content: 'locked' });
    const kick = await server.rest.post(`/api/rooms/${room.id}/leave`, undefined, ada);
    await release();

    expect(frame).toMatchObject({ type: 'error', code: 'storage_unavailable' });
    expect(kick.status).toBe(503);
    expect(await adas.say('free')).toMatchObject({ seq: 1 });
  });
});

describe('A start that cannot reach PostgreSQL', () => {
  it.each([
    [
      'nobody listens',
      'postgresql://ada:open-sesame@127.0.0.1:1/chat',
      /127\.0\.0\.1:1\/chat cannot be used/,
    ],
    [
      'there is no such database',
      '',
      /no_such_database cannot be used \(database "no_such_database" does not exist\)/,
    ],
  ])('says so when %s, without the password, and ends with 78', async (_, url, sentence) => {
    const process = await ServerProcess.inFolder();
    const elsewhere = new URL(url === '' ? database.url : url);
    if (url === '') elsewhere.pathname = '/no_such_database';

    process.run({ DATABASE_URL: elsewhere.href });

    expect(await process.ended()).toEqual({ code: 78, signal: null });
    expect(process.errors).toMatch(sentence);
    expect(process.errors + process.output).not.toContain('open-sesame');
    await process.remove();
  });

  it('says that commits would be lost, unless that is allowed', async () => {
    const lazy = await PostgresDatabase.create();
    await lazy.execute(`ALTER DATABASE ${lazy.name} SET synchronous_commit = off`);
    const process = await ServerProcess.inFolder();

    process.run({ DATABASE_URL: lazy.url });
    expect(await process.ended()).toEqual({ code: 78, signal: null });
    expect(process.errors).toContain('has fsync or synchronous_commit off');
    await process.start({ DATABASE_URL: lazy.url, DURABILITY: 'normal' });

    process.signal('SIGTERM');
    expect(await process.ended()).toEqual({ code: 0, signal: null });
    await process.remove();
    await lazy.remove();
  });
});
