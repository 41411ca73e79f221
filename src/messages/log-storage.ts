import type { Provider } from '@nestjs/common';
import { getRepositoryToken } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { PostgresWriteQueue } from '../database/postgres-write-queue.js';
import { ReadTurns } from '../database/read-turns.js';
import { ServerClaim } from '../database/server-claim.js';
import { WriteQueue } from '../database/write-queue.js';
import { Epoch } from './epoch.entity.js';
import { LogEpochs } from './log-epochs.js';
import { MessageStore } from './message-store.js';
import { OriginEpochs } from './origin-epochs.js';
import { PostgresMessageStore } from './postgres-message-store.js';
import { SqliteMessageStore } from './sqlite-message-store.js';
import { StartEpochs } from './start-epochs.js';

/** How the logs are stored, and how it is told that they went on: chosen with the database. */
export const logStorage: Provider[] = [
  {
    provide: LogEpochs,
    inject: [WriteQueue, ServerClaim, getRepositoryToken(Epoch), ReadTurns],
    useFactory: (writes: WriteQueue, claim: ServerClaim, epochs: Repository<Epoch>, turns: ReadTurns) =>
      writes instanceof PostgresWriteQueue
        ? new OriginEpochs(writes, epochs, turns)
        : new StartEpochs(writes, claim),
  },
  {
    provide: MessageStore,
    inject: [WriteQueue, LogEpochs],
    useFactory: (writes: WriteQueue, epochs: LogEpochs) =>
      writes instanceof PostgresWriteQueue && epochs instanceof OriginEpochs
        ? new PostgresMessageStore(writes, epochs)
        : new SqliteMessageStore(writes),
  },
];
