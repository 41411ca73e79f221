import { Global, Module, type OnApplicationShutdown } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Settings } from '../config/settings.js';
import { dataSourceOptions, prepareReader, prepareWriter } from './data-source-options.js';
import { ReadTurns } from './read-turns.js';
import { ServerClaim } from './server-claim.js';
import { SqliteFiles } from './sqlite-files.js';
import { StorageHealth } from './storage-health.js';
import { WriteQueue } from './write-queue.js';

/**
 * Repositories that are injected read; what writes goes through the {@link WriteQueue}, which is open, and
 * has migrated the database, before any other provider of the application starts to work.
 */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [Settings],
      useFactory: (settings: Settings) => ({
        ...dataSourceOptions(settings, []),
        autoLoadEntities: true,
        retryAttempts: 0,
      }),
    }),
  ],
  providers: [
    {
      provide: WriteQueue,
      inject: [Settings, getDataSourceToken(), StorageHealth],
      useFactory: openWriteQueue,
    },
    ReadTurns,
    ServerClaim,
    StorageHealth,
  ],
  exports: [ReadTurns, ServerClaim, StorageHealth, WriteQueue],
})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(
    private readonly writes: WriteQueue,
    private readonly claim: ServerClaim,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.writes.close();
    await this.claim.release();
  }
}

async function openWriteQueue(
  settings: Settings,
  reader: DataSource,
  health: StorageHealth,
): Promise<WriteQueue> {
  const writer = new DataSource(dataSourceOptions(settings, reader.options.entities ?? []));
  await writer.initialize();
  await prepareWriter(writer, settings);
  await writer.runMigrations({ transaction: 'each' });
  await prepareReader(reader);
  health.watch(writer, reader);
  return new WriteQueue(writer, health, new SqliteFiles(settings.database.file));
}
