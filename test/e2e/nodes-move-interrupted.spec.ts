import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openDatabase } from '../support/open-database.js';
import { PostgresDatabase } from '../support/postgres-database.js';
import { MoveProcess, runMove } from '../support/run-move.js';
import { ON_POSTGRES, TestServer, type Person, type Room } from '../support/test-server.js';
import { until } from '../support/until.js';

/** The move stores a thousand rows at once: it hangs in the sixth batch. */
const MESSAGES = 20_000;
const STUCK_BEYOND = 5_000;

let source: TestServer;
let postgres: PostgresDatabase;
let ada: Person;
let busy: Room;
let quiet: Room;
beforeEach(async () => {
  source = new TestServer({}, { database: 'sqlite', nodes: 1 });
  await source.start();
  ada = await source.person('ada');
  busy = await source.room(ada);
  quiet = await source.room(ada);
  await source.database.execute(
    `WITH RECURSIVE place (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM place WHERE seq < ${MESSAGES})
     INSERT INTO messages (room_id, seq, user_id, content, created_at)
     SELECT ${busy.id}, seq, ${ada.id}, 'message ' || seq, 1700000000000 + seq FROM place;
     UPDATE rooms SET head_seq = ${MESSAGES} WHERE id = ${busy.id}`,
  );
  await source.rest.post(`/api/rooms/${quiet.id}/messages`, { content: 'a word' }, ada);
  await source.stop();
  postgres = await PostgresDatabase.create();
});
afterEach(async () => {
  await source.remove();
  await postgres.remove();
});

/** Kills a move in the middle of the messages, while PostgreSQL stores a batch. */
async function killInTheMiddle(): Promise<void> {
  await (await openDatabase([], 'postgres', postgres)).remove();
  await postgres.execute(
    `CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(600); RETURN NEW; END $$;
     CREATE TRIGGER stuck BEFORE INSERT ON messages FOR EACH ROW WHEN (NEW.id > ${STUCK_BEYOND}) EXECUTE FUNCTION hang()`,
  );
  const move = new MoveProcess('--from', source.database.url, '--to', postgres.url);
  await until(
    () =>
      postgres.query(
        "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%messages%'",
      ),
    (stuck) => stuck.length > 0,
  );
  move.kill();
  expect(await move.ending).toMatchObject({ signal: 'SIGKILL', output: '' });
  await postgres.cutConnections();
  await postgres.execute('DROP TRIGGER stuck ON messages');
}

const count = async () => (await postgres.query('SELECT count(*) AS count FROM messages'))[0]?.count;
const startOnTarget = () => new TestServer({ DATABASE_URL: postgres.url }, ON_POSTGRES).start();

describe('A move that is killed in the middle', () => {
  it('leaves a target that no server starts on, and continues when it is run again', async () => {
    await killInTheMiddle();
    expect(await count()).toBe(STUCK_BEYOND);
    await expect(startOnTarget()).rejects.toThrow('is the target of a move that is not finished');

    const again = await runMove(source.database, postgres);

    expect(again.errors).toContain(`messages: ${STUCK_BEYOND} rows are there already.`);
    expect(again).toMatchObject({ code: 0 });
    expect(await count()).toBe(MESSAGES + 1);
    expect(await postgres.tables()).not.toContain('unfinished_move');
  });

  it('finds what has been changed in the target, and says in which room and which table', async () => {
    await killInTheMiddle();
    await postgres.execute(`UPDATE messages SET content = content || '!' WHERE seq = 17`);
    await postgres.execute(`UPDATE memberships SET joined_at = joined_at + 1 WHERE room_id = ${quiet.id}`);

    const again = await runMove(source.database, postgres);

    expect(again).toMatchObject({ code: 1, output: '' });
    const size = `${MESSAGES} (the last has seq ${MESSAGES})`;
    expect(again.errors.split('\n').slice(-4)).toEqual([
      'The two are not the same:',
      '  memberships: 2 rows in both, but what they say differs.',
      `  room ${busy.id}: messages ${size} in the source, ${size} in the target, not the same.`,
      '',
    ]);
    await expect(startOnTarget()).rejects.toThrow('is the target of a move that is not finished');
  });

  it('finds what is missing in the target', async () => {
    await killInTheMiddle();
    await postgres.execute('DELETE FROM messages WHERE seq = 17');

    const again = await runMove(source.database, postgres);

    expect(again.code).toBe(1);
    expect(again.errors).toContain(`room ${busy.id}: messages ${MESSAGES} `);
    expect(again.errors).toContain(`${MESSAGES - 1} (the last has seq ${MESSAGES}) in the target`);
  });

  it('does not go on when a server has been running on the source', async () => {
    await killInTheMiddle();
    await source.start();
    await source.stop();

    const again = await runMove(source.database, postgres);

    expect(again).toMatchObject({ code: 1, output: '' });
    expect(again.errors).toContain('before a server was started on it again: take an empty database');
    expect(await count()).toBe(STUCK_BEYOND);
  });
});

describe('Nothing is moved', () => {
  it('while a server runs on the source', async () => {
    await source.start();

    const { code, errors } = await runMove(source.database, postgres);

    expect(code).toBe(1);
    expect(errors).toBe(
      `A Parlor server is running on ${source.databasePath}, or another move: stop it first.\n`,
    );
    expect(await postgres.tables()).toEqual([]);
  });

  it('to a database on which a server runs', async () => {
    const other = new TestServer({}, ON_POSTGRES);
    await other.start();
    try {
      const { code, errors } = await runMove(source.database, other.database);

      expect(code).toBe(1);
      expect(errors).toMatch(/^A Parlor server is running on \S+, or was killed there\.\n$/);
      expect(await other.database.query('SELECT * FROM rooms')).toEqual([]);
    } finally {
      await other.remove();
    }
  });

  it.each([
    ['a file that is not there', 'sqlite:////nowhere/parlor.db', /^\/nowhere\/parlor.db cannot be read/],
    ['a file of something else', `sqlite:///${process.execPath}`, /is no database of Parlor/],
  ])('from %s', async (_, url, why) => {
    const { code, errors } = await runMove({ url }, postgres);

    expect(code).toBe(1);
    expect(errors).toMatch(why);
  });

  it('from a file of an older version', async () => {
    await source.database.execute("DELETE FROM migrations WHERE name LIKE 'Nodes%'");

    const { code, errors } = await runMove(source.database, postgres);

    expect(code).toBe(1);
    expect(errors).toContain('is of an older version: start this one on it once');
  });

  it.each([
    [[]],
    [['--from', 'sqlite:///./parlor.db']],
    [['--from', 'postgresql://somebody:pa55w0rd@host/a', '--to', 'postgresql://somebody:pa55w0rd@host/b']],
    [['--from', 'sqlite:///./parlor.db', '--to', 'postgresql://somebody:pa55w0rd@host/b', '--fast']],
  ])('for %j, which is answered with how it is called', async (args) => {
    const { code, errors } = await new MoveProcess(...args).ending;

    expect(code).toBe(2);
    expect(errors).toMatch(/^Usage: npm run move -- --from sqlite:\/\/\/FILE --to postgresql:/);
    expect(errors).not.toContain('pa55w0rd');
  });
});
