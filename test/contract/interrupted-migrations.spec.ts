import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { migrations } from '../../src/database/migrations.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parlor-migrations-'));
  // TypeORM tells of each that fails, which is what is wanted here.
  jest.spyOn(console, 'log').mockImplementation(() => undefined);
});
afterAll(async () => {
  jest.restoreAllMocks();
  await rm(folder, { recursive: true });
});

type Migrations = (new () => MigrationInterface)[];

async function opened(file: string, some: Migrations): Promise<DataSource> {
  const source = new DataSource({ type: 'sqlite', database: file, enableWAL: true, migrations: some });
  return source.initialize();
}

function schemaOf(source: DataSource): Promise<unknown> {
  return source.query('SELECT type, name, sql FROM sqlite_master ORDER BY type, name');
}

/** The same migration, which leaves a copy of the files behind when it is done but for its commit: what a kill leaves. */
function killedAtItsEnd(migration: Migrations[number], file: string, copy: string): Migrations[number] {
  const killed = class extends migration {
    override async up(runner: QueryRunner): Promise<void> {
      await super.up(runner);
      await copyFile(file, copy);
      await copyFile(`${file}-wal`, `${copy}-wal`);
      throw new Error('killed');
    }
  };
  // TypeORM keeps migrations by the name of their class.
  Object.defineProperty(killed, 'name', { value: migration.name });
  return killed;
}

describe('A migration that is killed in the middle', () => {
  it.each(migrations.map((migration, index) => ({ name: migration.name, migration, index })))(
    'leaves nothing of itself, and is done by the next start: $name',
    async ({ name, migration, index }) => {
      const [file, copy] = [join(folder, `${name}.db`), join(folder, `${name}-killed.db`)];
      const earlier = await opened(file, migrations.slice(0, index));
      await earlier.runMigrations({ transaction: 'each' });
      const before = await schemaOf(earlier);
      await earlier.destroy();

      const interrupted = await opened(file, [
        ...migrations.slice(0, index),
        killedAtItsEnd(migration, file, copy),
      ]);
      await expect(interrupted.runMigrations({ transaction: 'each' })).rejects.toThrow('killed');
      await interrupted.destroy();

      const next = await opened(copy, migrations);
      const found = await schemaOf(next);
      const done = await next.runMigrations({ transaction: 'each' });
      const [check] = await next.query<[{ integrity_check: string }]>('PRAGMA integrity_check');
      await next.destroy();
      expect(found).toEqual(before);
      expect(done.map((one) => one.name)).toEqual(migrations.slice(index).map((one) => one.name));
      expect(check.integrity_check).toBe('ok');
    },
  );
});
