import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test, type TestingModule } from '@nestjs/testing';
import type { ModuleMetadata } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { ConfigModule } from '../../src/config/config.module.js';
import { DatabaseModule } from '../../src/database/database.module.js';
import { WriteQueue } from '../../src/database/write-queue.js';

/** The database layer alone, on a file of its own: what stands below every service. */
export interface OpenDatabase {
  readonly module: TestingModule;
  readonly writes: WriteQueue;
  readonly reader: DataSource;
  readonly file: string;
  remove(): Promise<void>;
}

export async function openDatabase(imports: NonNullable<ModuleMetadata['imports']>): Promise<OpenDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'parlor-database-'));
  const file = join(folder, 'parlor.db');
  const env = { DATABASE_URL: `sqlite:///${file}`, SECRET_KEY: 'k3y of a test, 0123456789 abcdefghijklmn' };
  const module = await Test.createTestingModule({
    imports: [ConfigModule.forRoot(env), DatabaseModule, ...imports],
  }).compile();
  await module.init();
  return {
    module,
    file,
    writes: module.get(WriteQueue),
    reader: module.get<DataSource>(getDataSourceToken()),
    remove: async () => {
      await module.close();
      await rm(folder, { recursive: true });
    },
  };
}
