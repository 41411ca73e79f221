import { Injectable, type OnModuleInit } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { ServerClaim } from '../database/server-claim.js';
import { WriteQueue } from '../database/write-queue.js';
import { Epoch } from './epoch.entity.js';
import { Message } from './message.entity.js';

/** Starts that are remembered. A client that comes from an older one is told `gap`, which is true enough. */
const REMEMBERED = 1_000;

/**
 * Tells a log that went on from one that was restored from a backup, or replaced.
 *
 * Each start of the server begins an epoch with a name that nobody can guess, and writes down the first
 * message id of it. A client says in which epoch it read, and how far. If this database knows the epoch, it
 * has all of the log up to the beginning of the epoch and a prefix of what was stored in it; so what the
 * client has is in this log exactly if the message at its place was stored before the next epoch began. After
 * a restore the epochs that the backup does not know are unknown, and what was lost of the last one it knows
 * is either beyond the head or has been stored again in a later epoch. (Kafka tells truncated logs by leader
 * epochs in the same way: KIP-101 and KIP-320.)
 */
@Injectable()
export class LogEpochs implements OnModuleInit {
  /** The epoch of this start. */
  readonly current = randomUUID();
  /** By name: the first message id of the epoch after it. */
  private readonly ends = new Map<string, number>();

  constructor(
    private readonly writes: WriteQueue,
    private readonly claim: ServerClaim,
  ) {}

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
    let end = Infinity;
    for (const { name, firstMessageId } of epochs) {
      this.ends.set(name, end);
      end = firstMessageId;
    }
  }

  /** Whether a client that has read in the epoch has seen this message, and not another in its place. */
  hasSeen(epoch: string, messageId: number): boolean {
    const end = this.ends.get(epoch);
    return end !== undefined && messageId < end;
  }
}
