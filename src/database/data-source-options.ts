import type { DataSource, DataSourceOptions, EntityManager } from 'typeorm';
import type { Settings } from '../config/settings.js';
import { checkReachable, openPostgres, postgresReader } from './postgres-database.js';
import { openSqlite } from './sqlite-database.js';
import { KEPT_ROWS, sqliteOptions } from './sqlite-options.js';
import type { StorageHealth } from './storage-health.js';
import type { WriteQueue } from './write-queue.js';

/**
 * Chooses between the databases: what is true of one of them only is in `sqlite-*` and `postgres-*`.
 *
 * @throws ConfigurationError when PostgreSQL cannot be used as it is
 */
export async function readerOptions({ database, durability }: Settings): Promise<DataSourceOptions> {
  if (database.kind === 'sqlite') return sqliteOptions(database, []);
  await checkReachable(database, durability);
  return postgresReader(database);
}

/** Opens the queue of writes, and migrates the database. */
export function openWriteQueue(
  settings: Settings,
  reader: DataSource,
  health: StorageHealth,
): Promise<WriteQueue> {
  const { database } = settings;
  return database.kind === 'sqlite'
    ? openSqlite(database, settings, reader, health)
    : openPostgres(database, settings, reader, health);
}

/** Whether statements with so many rows of values are kept prepared, so that their numbers should be bound. */
export function keepsStatements(manager: EntityManager, rows: number): boolean {
  return rows <= KEPT_ROWS && manager.connection.options.type === 'sqlite';
}
