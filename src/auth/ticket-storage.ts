import type { Provider } from '@nestjs/common';
import { PostgresWriteQueue } from '../database/postgres-write-queue.js';
import { WriteQueue } from '../database/write-queue.js';
import { MemoryTickets } from './memory-tickets.js';
import { StoredTickets } from './stored-tickets.js';
import { WsTickets } from './ws-tickets.js';

/** Where tickets are kept: in memory, unless another node may have to know them. */
export const ticketStorage: Provider = {
  provide: WsTickets,
  inject: [WriteQueue],
  useFactory: (writes: WriteQueue) =>
    writes instanceof PostgresWriteQueue ? new StoredTickets(writes) : new MemoryTickets(),
};
