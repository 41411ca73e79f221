import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSourceOptions } from 'typeorm';
import { DatabaseFile } from './database-file.js';
import type { TestDatabase } from './database.js';
import { POSTGRES, PostgresDatabase } from './postgres-database.js';

export type DatabaseName = 'sqlite' | 'postgres';

/** What contract suites run on. `scripts/test.mjs` says so where no PostgreSQL runs. */
export const DATABASES: DatabaseName[] = POSTGRES === '' ? ['sqlite'] : ['sqlite', 'postgres'];

/** What servers of the tests run on: TEST_DATABASE=postgres npm test -- test/e2e */
export const DATABASE: DatabaseName = process.env.TEST_DATABASE === 'postgres' ? 'postgres' : 'sqlite';

export function createDatabase(name: DatabaseName): Promise<TestDatabase> {
  return name === 'sqlite' ? SqliteDatabase.create() : PostgresDatabase.create();
}

/** A connection without what the server asks of its own: for tests of the schema. */
export function bareOptions(
  { url }: TestDatabase,
  entities: DataSourceOptions['entities'],
  migrations: DataSourceOptions['migrations'],
): DataSourceOptions {
  const tables = { ...(entities ? { entities } : {}), ...(migrations ? { migrations } : {}) };
  return url.startsWith('sqlite')
    ? { type: 'sqlite', database: url.replace('sqlite:///', ''), enableWAL: true, ...tables }
    : { type: 'postgres', url, installExtensions: false, ...tables };
}

/** A file in a folder of its own. */
class SqliteDatabase extends DatabaseFile implements TestDatabase {
  private constructor(private readonly folder: string) {
    super(join(folder, 'parlor.db'));
  }

  static async create(): Promise<SqliteDatabase> {
    return new SqliteDatabase(await mkdtemp(join(tmpdir(), 'parlor-test-')));
  }

  get url(): string {
    return `sqlite:///${this.path}`;
  }

  async tables(): Promise<string[]> {
    const found = await this.query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
    return found.map(({ name }) => String(name));
  }

  async breakTable(what: string, table: string): Promise<() => Promise<void>> {
    await this.execute(
      `CREATE TRIGGER broken BEFORE ${what} ON ${table} BEGIN SELECT RAISE(ABORT, 'no paper left'); END`,
    );
    return () => this.execute('DROP TRIGGER broken');
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
