import sqlite3 from 'sqlite3';
import { DataSource, type DataSourceOptions, type EntityManager } from 'typeorm';
import type { Settings } from '../config/settings.js';
import { KeepingDatabase } from './kept-statements.js';
import { migrations } from './migrations.js';

/** How long a statement waits for another process that holds the write lock. In milliseconds. */
const BUSY_TIMEOUT = 5_000;

/** KiB of pages: the ends of the logs of about two thousand rooms, so that an append reads nothing from the file. */
const WRITER_CACHE_KIB = 8 * 1024;

/** Up to so many rows, binding all of their values and keeping the statement costs less than a new statement. */
export const KEPT_ROWS = 32;

/** Without its `verbose()` mode, which captures a stack trace for every call. */
const driver = { ...sqlite3, Database: KeepingDatabase, verbose: () => driver };

type Tables = NonNullable<DataSourceOptions['entities']>;

/**
 * The one file that knows which database is behind TypeORM.
 *
 * SQLite gets two connections, because TypeORM shares one connection among all callers and concurrent
 * transactions on it lose rows: one that only the write queue uses, and one for reads beside it, which WAL
 * lets through while a commit is under way.
 */
function sqlite(settings: Settings, entities: Tables) {
  return {
    type: 'sqlite',
    driver,
    database: settings.database.file,
    enableWAL: true,
    busyTimeout: BUSY_TIMEOUT,
    entities,
    migrations,
    synchronize: false,
  } as const satisfies DataSourceOptions;
}

export function dataSourceOptions(settings: Settings, entities: Tables): DataSourceOptions {
  return sqlite(settings, entities);
}

/** Makes a fresh connection one that commits with the chosen durability. */
export async function prepareWriter(writer: DataSource, settings: Settings): Promise<void> {
  const isFull = settings.durability === 'full';
  await writer.query(`PRAGMA synchronous = ${isFull ? 'FULL' : 'NORMAL'}`);
  // On macOS a plain fsync leaves data in the cache of the drive; elsewhere this changes nothing.
  await writer.query(`PRAGMA fullfsync = ${isFull ? 'ON' : 'OFF'}`);
  // A statement of many rows keeps a copy of each page that it touches, in case that it fails: a quarter of the
  // cost of an INSERT when the copies go to a file.
  await writer.query('PRAGMA temp_store = MEMORY');
  await writer.query(`PRAGMA cache_size = -${WRITER_CACHE_KIB}`);
}

/** Makes a fresh connection one that cannot write, so that no write can miss the queue. */
export async function prepareReader(reader: DataSource): Promise<void> {
  await reader.query('PRAGMA query_only = ON');
}

/** Takes the write lock at once: a transaction that reads first and writes later can fail without waiting. */
export const BEGIN = 'BEGIN IMMEDIATE';

/** A write that changes nothing that anybody reads: it needs the lock, the disk and the rights of any other. */
export const WRITE_PROBE = 'PRAGMA user_version = 1';

/** Drops clean pages from the cache of a connection: https://www.sqlite.org/pragma.html#pragma_shrink_memory */
export const FORGET_PAGES = 'PRAGMA shrink_memory';

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

/** https://www.sqlite.org/rescode.html: locked, full, read-only, broken, gone. Not what a job did wrong. */
const STORAGE_FAULTS = /^SQLITE_(BUSY|LOCKED|FULL|IOERR|READONLY|CANTOPEN|CORRUPT|NOTADB|NOMEM|PROTOCOL)/;

/** Whether an error is about the database itself, so that the same job may succeed later. */
export function isStorageFault(error: unknown): boolean {
  return STORAGE_FAULTS.test(codeOf(error));
}

/** Whether somebody else has the lock. */
export function isLocked(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(codeOf(error));
}

/** Whether the file is not what SQLite has written: it may be worse than this one read has shown. */
export function isCorruption(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(codeOf(error));
}

/**
 * Looks at every page of the database, and at every index against its table, on a connection of its own with
 * nothing in its cache. Takes seconds for each gigabyte. The quick form of it would let an index pass that
 * points to rows which are not there, and reads would find the damage again.
 *
 * @returns what is wrong; nothing when all is whole (https://www.sqlite.org/pragma.html#pragma_integrity_check)
 */
export async function checkIntegrity(settings: Settings): Promise<string[]> {
  const options = { ...sqlite(settings, []), enableWAL: false, flags: sqlite3.OPEN_READONLY };
  const connection = new DataSource(options);
  try {
    await connection.initialize();
    const rows: { integrity_check: string }[] = await connection.query('PRAGMA integrity_check(10)');
    return rows.map((row) => row.integrity_check).filter((finding) => finding !== 'ok');
  } finally {
    if (connection.isInitialized) await connection.destroy();
  }
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
