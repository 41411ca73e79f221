import { Global, Module, type OnApplicationShutdown } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { Settings } from '../config/settings.js';
import { openWriteQueue, readerOptions } from './data-source-options.js';
import { ReadTurns } from './read-turns.js';
import { ServerClaim } from './server-claim.js';
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
      useFactory: async (settings: Settings) => ({
        ...(await readerOptions(settings)),
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
    {
      provide: ReadTurns,
      inject: [Settings],
      useFactory: ({ database }: Settings) => new ReadTurns(database.kind === 'sqlite'),
    },
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
