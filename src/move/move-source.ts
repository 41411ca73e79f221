import sqlite3 from 'sqlite3';
import { migrations } from '../database/migrations.js';
import { claimFile, type FileClaim } from '../database/server-claim.js';
import { MoveError, reasonOf } from './move-error.js';
import { type Readable, type StoredRow, type Table, type Value, quoted } from './table.js';

/**
 * The SQLite file that is moved: opened for reading only, claimed so that no server starts on it, and read in one
 * transaction, so that everything is of one moment.
 */
export class MoveSource implements Readable {
  private constructor(
    private readonly database: sqlite3.Database,
    private readonly claim: FileClaim,
  ) {}

  /** @throws MoveError when it is not there, in use, or of another version */
  static async open(file: string): Promise<MoveSource> {
    const database = await openFile(file);
    const claim = await claimFile(file).catch(async (error: unknown) => {
      await close(database);
      throw new MoveError(`${file} cannot be claimed (${reasonOf(error)}).`);
    });
    if (!claim) {
      await close(database);
      throw new MoveError(`A Parlor server is running on ${file}, or another move: stop it first.`);
    }
    const source = new MoveSource(database, claim);
    try {
      await source.begin(file);
      return source;
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  all<Row>(sql: string, values: readonly Value[] = []): Promise<Row[]> {
    return new Promise((resolve, reject) => {
      this.database.all<Row>(sql, [...values], (error, rows) => (error ? reject(error) : resolve(rows)));
    });
  }

  read(sql: string, values: readonly Value[]): Promise<StoredRow[]> {
    return this.all(sql, values);
  }

  /** The newest epoch of its logs: another one as soon as a server has been running on it again. */
  async epoch(): Promise<string> {
    const [newest] = await this.all<{ name: string }>('SELECT name FROM epochs ORDER BY id DESC LIMIT 1');
    return newest?.name ?? '';
  }

  async count({ name }: Table): Promise<number> {
    const [row] = await this.all<{ count: number }>(`SELECT count(*) AS count FROM ${quoted(name)}`);
    return row?.count ?? 0;
  }

  /** By table: the largest id that it has ever given, where it gives ids. */
  async lastIds(tables: readonly Table[]): Promise<Map<string, number>> {
    const rows = await this.all<{ name: string; seq: number }>('SELECT name, seq FROM sqlite_sequence');
    const names = new Set(tables.map(({ name }) => name));
    return new Map(rows.filter(({ name }) => names.has(name)).map(({ name, seq }) => [name, seq]));
  }

  async close(): Promise<void> {
    await close(this.database);
    await this.claim.release();
  }

  private async begin(file: string): Promise<void> {
    await this.all('BEGIN');
    const rows = await this.all<{ name: string }>('SELECT name FROM migrations').catch((error: unknown) => {
      throw new MoveError(`${file} is no database of Parlor (${reasonOf(error)}).`);
    });
    const made = new Set(rows.map(({ name }) => name));
    const known = migrations.map(({ name }) => name);
    if (known.some((name) => !made.has(name))) {
      throw new MoveError(`${file} is of an older version: start this one on it once, and stop it again.`);
    }
    if (made.size > known.length)
      throw new MoveError(`${file} is of a newer version of Parlor than this one.`);
  }
}

function openFile(file: string): Promise<sqlite3.Database> {
  return new Promise((resolve, reject) => {
    const database = new sqlite3.Database(file, sqlite3.OPEN_READONLY, (error) =>
      error ? reject(new MoveError(`${file} cannot be read (${reasonOf(error)}).`)) : resolve(database),
    );
  });
}

function close(database: sqlite3.Database): Promise<void> {
  return new Promise((resolve) => database.close(() => resolve()));
}
