import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { migrations } from '../../src/database/migrations.js';
import { PostgresDatabase } from '../support/postgres-database.js';
import { bareOptions } from '../support/test-database.js';

let database: PostgresDatabase;
beforeAll(async () => {
  database = await PostgresDatabase.create();
  // TypeORM tells of each that fails, which is what is wanted here.
  jest.spyOn(console, 'log').mockImplementation(() => undefined);
});
afterAll(async () => {
  jest.restoreAllMocks();
  await database.remove();
});

type Migration = new () => MigrationInterface;

/** The same migration, whose connection is cut when it is done but for its commit: what a kill leaves. */
function killedAtItsEnd(migration: Migration): Migration {
  const killed = class extends migration {
    override async up(runner: QueryRunner): Promise<void> {
      await super.up(runner);
      await database.cutConnections();
    }
  };
  // TypeORM keeps migrations by the name of their class.
  Object.defineProperty(killed, 'name', { value: migration.name });
  return killed;
}

async function runWith(some: Migration[]): Promise<void> {
  const source = await new DataSource(bareOptions(database, [], some)).initialize();
  try {
    await source.runMigrations({ transaction: 'each' });
  } finally {
    await source.destroy();
  }
}

/** Tables with their columns, functions and indexes. */
const schema = () =>
  database.query(`SELECT table_name || '.' || column_name AS name FROM information_schema.columns
      WHERE table_schema = 'public'
    UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT indexname::text FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1`);

it.each(migrations.map((migration, index) => ({ name: migration.name, migration, index })))(
  'A migration that is killed in the middle leaves nothing of itself in PostgreSQL, and is done by the next start: $name',
  async ({ migration, index }) => {
    // The table of the migrations themselves is there from the first of them on.
    if (index === 0) await runWith([]);
    const before = await schema();

    await expect(runWith([...migrations.slice(0, index), killedAtItsEnd(migration)])).rejects.toThrow(
      /terminat|not queryable|already released/i,
    );
    const left = await schema();
    await runWith(migrations.slice(0, index + 1));

    expect(left).toEqual(before);
    expect(await schema()).not.toEqual(before);
    const done = await database.query('SELECT name FROM migrations ORDER BY id');
    expect(done.map(({ name }) => name)).toEqual(migrations.slice(0, index + 1).map((one) => one.name));
  },
);
