import sqlite3 from 'sqlite3';
import { DataSource, type DataSourceOptions, type EntityManager } from 'typeorm';
import type { SqliteLocation } from '../config/settings.js';
import { KeepingDatabase } from './kept-statements.js';
import { migrations } from './migrations.js';

/** How long a statement waits for another process that holds the write lock. In milliseconds. */
const BUSY_TIMEOUT = 5_000;

/** Up to so many rows, binding all of their values and keeping the statement costs less than a new statement. */
export const KEPT_ROWS = 32;

/** Without its `verbose()` mode, which captures a stack trace for every call. */
const driver = { ...sqlite3, Database: KeepingDatabase, verbose: () => driver };

type Tables = NonNullable<DataSourceOptions['entities']>;

/**
 * SQLite gets two connections, because TypeORM shares one connection among all callers and concurrent
 * transactions on it lose rows: one that only the write queue uses, and one for reads beside it, which WAL
 * lets through while a commit is under way.
 */
export function sqliteOptions({ file }: SqliteLocation, entities: Tables) {
  return {
    type: 'sqlite',
    driver,
    database: file,
    enableWAL: true,
    busyTimeout: BUSY_TIMEOUT,
    entities,
    migrations,
    synchronize: false,
  } as const satisfies DataSourceOptions;
}

/**
 * Runs one INSERT of several rows into a table with a {@link GeneratedId}, inside a job of the write queue.
 *
 * AUTOINCREMENT gives the rows of one statement consecutive ids, as nobody else writes meanwhile
 * (https://www.sqlite.org/autoinc.html).
 *
 * @returns the ids in the order of the rows
 */
export async function insertForIds(
  manager: EntityManager,
  sql: string,
  parameters: readonly (string | number | null)[],
  rows: number,
): Promise<number[]> {
  const lastId: number = await manager.query(sql, [...parameters]);
  return Array.from({ length: rows }, (_, index) => lastId - rows + 1 + index);
}

/**
 * Looks at every page of the database, and at every index against its table, on a connection of its own with
 * nothing in its cache. Takes seconds for each gigabyte. The quick form of it would let an index pass that
 * points to rows which are not there, and reads would find the damage again.
 *
 * @returns what is wrong; nothing when all is whole (https://www.sqlite.org/pragma.html#pragma_integrity_check)
 */
export async function checkIntegrity(location: SqliteLocation): Promise<string[]> {
  const options = { ...sqliteOptions(location, []), enableWAL: false, flags: sqlite3.OPEN_READONLY };
  const connection = new DataSource(options);
  try {
    await connection.initialize();
    const rows: { integrity_check: string }[] = await connection.query('PRAGMA integrity_check(10)');
    return rows.map((row) => row.integrity_check).filter((finding) => finding !== 'ok');
  } finally {
    if (connection.isInitialized) await connection.destroy();
  }
}
