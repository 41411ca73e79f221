import { Test, type TestingModule } from '@nestjs/testing';
import type { ModuleMetadata } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { ConfigModule } from '../../src/config/config.module.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { WriteQueue } from '../../src/database/write-queue.js';
import type { TestDatabase } from './database.js';
import { createDatabase, type DatabaseName } from './test-database.js';

/** The database layer alone, on a database of its own: what stands below every service. */
export interface OpenDatabase {
  readonly module: TestingModule;
  readonly writes: WriteQueue;
  readonly reader: DataSource;
  readonly stored: TestDatabase;
  remove(): Promise<void>;
}

/** @param existing another node's: it is not removed with this one */
export async function openDatabase(
  imports: NonNullable<ModuleMetadata['imports']>,
  name: DatabaseName = 'sqlite',
  existing?: TestDatabase,
): Promise<OpenDatabase> {
  const stored = existing ?? (await createDatabase(name));
  const env = { DATABASE_URL: stored.url, SECRET_KEY: 'k3y of a test, 0123456789 abcdefghijklmn' };
  const module = await Test.createTestingModule({
    imports: [ConfigModule.forRoot(env), DatabaseModule, ...imports],
  }).compile();
  await module.init();
  return {
    module,
    stored,
    writes: module.get(WriteQueue),
    reader: module.get<DataSource>(getDataSourceToken()),
    remove: async () => {
      await module.close();
      if (!existing) await stored.remove();
    },
  };
}
