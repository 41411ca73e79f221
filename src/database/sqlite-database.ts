import { DataSource } from 'typeorm';
import type { Settings, SqliteLocation } from '../config/settings.js';
import { SqliteFiles } from './sqlite-files.js';
import { sqliteOptions } from './sqlite-options.js';
import { SqliteWriteQueue } from './sqlite-write-queue.js';
import type { StorageHealth } from './storage-health.js';
import type { WriteQueue } from './write-queue.js';

/** KiB of pages: the ends of the logs of about two thousand rooms, so that an append reads nothing from the file. */
const WRITER_CACHE_KIB = 8 * 1024;

/** Makes a fresh connection one that commits with the chosen durability. */
async function prepareWriter(writer: DataSource, { durability }: Settings): Promise<void> {
  const isFull = durability === 'full';
  await writer.query(`PRAGMA synchronous = ${isFull ? 'FULL' : 'NORMAL'}`);
  // On macOS a plain fsync leaves data in the cache of the drive; elsewhere this changes nothing.
  await writer.query(`PRAGMA fullfsync = ${isFull ? 'ON' : 'OFF'}`);
  // A statement of many rows keeps a copy of each page that it touches, in case that it fails: a quarter of the
  // cost of an INSERT when the copies go to a file.
  await writer.query('PRAGMA temp_store = MEMORY');
  await writer.query(`PRAGMA cache_size = -${WRITER_CACHE_KIB}`);
}

/** Makes a fresh connection one that cannot write, so that no write can miss the queue. */
async function prepareReader(reader: DataSource): Promise<void> {
  await reader.query('PRAGMA query_only = ON');
}

/** Opens the queue of writes, migrates the database, and makes a reader of the connection that exists. */
export async function openSqlite(
  location: SqliteLocation,
  settings: Settings,
  reader: DataSource,
  health: StorageHealth,
): Promise<WriteQueue> {
  const writer = new DataSource(sqliteOptions(location, reader.options.entities ?? []));
  await writer.initialize();
  await prepareWriter(writer, settings);
  await writer.runMigrations({ transaction: 'each' });
  await prepareReader(reader);
  health.watch(writer, reader);
  return new SqliteWriteQueue(writer, health, new SqliteFiles(location.file));
}
