import type { OnModuleInit } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { ServerClaim } from '../database/server-claim.js';
import type { WriteQueue } from '../database/write-queue.js';
import { Epoch } from './epoch.entity.js';
import { endsOf, LogEpochs, type EpochEnds } from './log-epochs.js';
import { Message } from './message.entity.js';

/** Starts that are remembered. A client that comes from an older one is told `gap`, which is true enough. */
const REMEMBERED = 1_000;

/** Each start of the server begins an epoch: whoever puts another file into the place of SQLite's stops it first. */
export class StartEpochs extends LogEpochs implements OnModuleInit {
  /** The epoch of this start. */
  override readonly current = randomUUID();
  private ends: EpochEnds = new Map();

  constructor(
    private readonly writes: WriteQueue,
    private readonly claim: ServerClaim,
  ) {
    super();
  }

  async onModuleInit(): Promise<void> {
    await this.claim.take();
    const epochs = await this.writes.run(async (manager) => {
      const newest = (await manager.maximum(Message, 'id')) ?? 0;
      const epoch = { name: this.current, firstMessageId: newest + 1, startedAt: Date.now() };
      await manager.insert(Epoch, epoch);
      const newestFirst = await manager.find(Epoch, { order: { id: 'DESC' } });
      const forgotten = newestFirst.splice(REMEMBERED);
      if (forgotten.length > 0)
        await manager.delete(
          Epoch,
          forgotten.map(({ id }) => id),
        );
      return newestFirst;
    });
    this.ends = endsOf(epochs);
  }

  override async hasSeen(epoch: string, messageId: number): Promise<boolean> {
    const end = this.ends.get(epoch);
    return end !== undefined && messageId < end;
  }
}
