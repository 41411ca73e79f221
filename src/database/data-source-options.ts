import sqlite3 from 'sqlite3';
import type { DataSource, DataSourceOptions } from 'typeorm';
import type { Settings } from '../config/settings.js';
import { migrations } from './migrations.js';

/** How long a statement waits for another process that holds the write lock. In milliseconds. */
const BUSY_TIMEOUT = 5_000;

type Tables = NonNullable<DataSourceOptions['entities']>;

/**
 * The one file that knows which database is behind TypeORM.
 *
 * SQLite gets two connections, because TypeORM shares one connection among all callers and concurrent
 * transactions on it lose rows: one that only the write queue uses, and one for reads beside it, which WAL
 * lets through while a commit is under way.
 *
 * The driver is handed over without its `verbose()` mode, which captures a stack trace for every call.
 */
function sqlite(settings: Settings, entities: Tables) {
  return {
    type: 'sqlite',
    driver: { ...sqlite3, verbose: () => sqlite3 },
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
  await writer.query(`PRAGMA synchronous = ${settings.durability === 'full' ? 'FULL' : 'NORMAL'}`);
}

/** Makes a fresh connection one that cannot write, so that no write can miss the queue. */
export async function prepareReader(reader: DataSource): Promise<void> {
  await reader.query('PRAGMA query_only = ON');
}

/** Takes the write lock at once: a transaction that reads first and writes later can fail without waiting. */
export const BEGIN = 'BEGIN IMMEDIATE';

/** A write that changes nothing that anybody reads: it needs the lock, the disk and the rights of any other. */
export const WRITE_PROBE = 'PRAGMA user_version = 1';

/** https://www.sqlite.org/rescode.html: locked, full, read-only, broken, gone. Not what a job did wrong. */
const STORAGE_FAULTS = /^SQLITE_(BUSY|LOCKED|FULL|IOERR|READONLY|CANTOPEN|CORRUPT|NOTADB|NOMEM|PROTOCOL)/;

/** Whether an error is about the database itself, so that the same job may succeed later. */
export function isStorageFault(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('code' in error)) return false;
  return typeof error.code === 'string' && STORAGE_FAULTS.test(error.code);
}
