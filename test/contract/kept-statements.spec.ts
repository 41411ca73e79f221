import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RunResult, Statement } from 'sqlite3';
import { KeepingDatabase } from '../../src/database/kept-statements.js';
import { DatabaseFile } from '../support/database-file.js';

/** Tells which statements were prepared. */
class WatchedDatabase extends KeepingDatabase {
  readonly prepared: string[] = [];

  override prepare(sql: string, ...rest: unknown[]): Statement {
    this.prepared.push(sql);
    return super.prepare(sql, ...rest);
  }
}

describe('A connection that keeps its statements', () => {
  let folder: string;
  let database: WatchedDatabase;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parlor-kept-'));
    database = await opened();
    await run('CREATE TABLE words (id integer PRIMARY KEY, word text UNIQUE)');
    await run("INSERT INTO words (word) VALUES ('one'), ('two'), ('three')");
  });
  afterEach(async () => {
    await closed();
    rmSync(folder, { recursive: true });
  });

  function opened(): Promise<WatchedDatabase> {
    return new Promise((resolve, reject) => {
      const made = new WatchedDatabase(join(folder, 'words.db'), (error) =>
        error ? reject(error) : resolve(made),
      );
    });
  }

  function closed(): Promise<void> {
    return new Promise((resolve, reject) => {
      database.close((error) => (error ? reject(error) : resolve()));
    });
  }

  function all(sql: string, parameters: unknown[] = []): Promise<unknown[]> {
    return new Promise((resolve, reject) => {
      database.all(sql, parameters, (error: Error | null, rows: unknown[]) =>
        error ? reject(error) : resolve(rows),
      );
    });
  }

  function run(sql: string, parameters: unknown[] = []): Promise<{ lastID: number; changes: number }> {
    return new Promise((resolve, reject) => {
      database.run(sql, parameters, function (this: RunResult, error: Error | null) {
        if (error) reject(error);
        else resolve({ lastID: this.lastID, changes: this.changes });
      });
    });
  }

  const BY_ID = 'SELECT word FROM words WHERE id = ?';

  it('prepares a statement twice at most, and answers each use with its own values', async () => {
    const answers = [];
    for (const id of [1, 2, 3, 1, 4]) answers.push(await all(BY_ID, [id]));

    expect(answers).toEqual([
      [{ word: 'one' }],
      [{ word: 'two' }],
      [{ word: 'three' }],
      [{ word: 'one' }],
      [],
    ]);
    expect(database.prepared.filter((sql) => sql === BY_ID)).toHaveLength(2);
  });

  it('answers uses that overlap, each with its own values', async () => {
    await Promise.all([all(BY_ID, [1]), all(BY_ID, [1])]);
    const ids = Array.from({ length: 50 }, (_, index) => 1 + (index % 3));

    const answers = await Promise.all(ids.map((id) => all(BY_ID, [id])));

    const words = ['one', 'two', 'three'];
    expect(answers).toEqual(ids.map((id) => [{ word: words[id - 1] }]));
  });

  it('tells ids and changes of each use', async () => {
    const insert = 'INSERT INTO words (word) VALUES (?)';
    const told = [];
    for (const word of ['four', 'five', 'six', 'seven']) told.push(await run(insert, [word]));

    expect(told).toEqual([4, 5, 6, 7].map((lastID) => ({ lastID, changes: 1 })));
  });

  it('forgets the values of the use before', async () => {
    const optional = 'SELECT word FROM words WHERE id = ? OR ? IS NULL ORDER BY id';
    for (const id of [1, 2, 3]) expect(await all(optional, [id, 'x'])).toHaveLength(1);

    expect(await all(optional, [3])).toHaveLength(3);
  });

  it('goes on after a use that failed', async () => {
    const insert = 'INSERT INTO words (word) VALUES (?)';
    await run(insert, ['four']);
    await run(insert, ['five']);

    await expect(run(insert, ['five'])).rejects.toMatchObject({ code: 'SQLITE_CONSTRAINT' });

    expect(await run(insert, ['six'])).toMatchObject({ changes: 1 });
  });

  it('says what is wrong with a statement, every time', async () => {
    for (let time = 0; time < 3; time += 1) {
      await expect(all('SELECT word FROM nowhere')).rejects.toThrow('no such table: nowhere');
    }
  });

  it('follows a table that changes', async () => {
    const star = 'SELECT * FROM words WHERE id = 1';
    for (let time = 0; time < 3; time += 1) expect(await all(star)).toEqual([{ id: 1, word: 'one' }]);

    await run("ALTER TABLE words ADD COLUMN tongue text DEFAULT 'en'");

    expect(await all(star)).toEqual([{ id: 1, word: 'one', tongue: 'en' }]);
  });

  it('keeps no pragma: some act when they are prepared', async () => {
    for (let time = 0; time < 4; time += 1) await all('PRAGMA user_version');

    expect(database.prepared.filter((sql) => sql === 'PRAGMA user_version')).toHaveLength(4);
  });

  it('drops what was not used for long, and nothing for what never comes again', async () => {
    for (let time = 0; time < 3; time += 1) await all(BY_ID, [1]);
    for (let once = 0; once < 600; once += 1) await all(`SELECT ${once}`);
    await all(BY_ID, [1]);
    expect(database.prepared.filter((sql) => sql === BY_ID)).toHaveLength(2);

    for (let twice = 0; twice < 300; twice += 1) {
      await all(`SELECT ${twice} AS again`);
      await all(`SELECT ${twice} AS again`);
    }
    expect(await all(BY_ID, [2])).toEqual([{ word: 'two' }]);
    expect(database.prepared.filter((sql) => sql === BY_ID)).toHaveLength(3);
  });

  it('leaves no lock behind: another connection can write between its uses', async () => {
    const other = new DatabaseFile(join(folder, 'words.db'));
    for (let time = 0; time < 3; time += 1) {
      await all(BY_ID, [1]);
      await other.execute(`UPDATE words SET word = 'uno ${time}' WHERE id = 1`);
    }

    expect(await all(BY_ID, [1])).toEqual([{ word: 'uno 2' }]);
  });
});
