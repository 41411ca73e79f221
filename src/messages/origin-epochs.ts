import type { OnModuleInit } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { EntityManager, Repository } from 'typeorm';
import { BatchedRead } from '../database/batched-read.js';
import type { ReadTurns } from '../database/read-turns.js';
import { codeOf } from '../database/storage-faults.js';
import type { WriteQueue } from '../database/write-queue.js';
import { Epoch } from './epoch.entity.js';
import { endsOf, LogEpochs, type EpochEnds } from './log-epochs.js';
import { Message } from './message.entity.js';

/** What `append_messages` answers when the database is not where it was. */
const OTHER_ORIGIN = 'PL001';

/**
 * An epoch belongs to the database, not to a start, because others go on writing while this node starts. It ends when
 * the database is in another place than when it began: restored from a dump, replayed from a backup, or failed over to
 * a standby, which may not have had the newest messages. What of it can happen under a running node is noticed by the
 * next append, which is refused, and by whoever comes back, for whom the epochs are read.
 */
export class OriginEpochs extends LogEpochs implements OnModuleInit {
  private epoch: Pick<Epoch, 'name' | 'origin'> = { name: randomUUID(), origin: null };
  private readonly ends: BatchedRead<null, EpochEnds>;

  constructor(
    private readonly writes: WriteQueue,
    epochs: Repository<Epoch>,
    turns: ReadTurns,
  ) {
    super();
    this.ends = new BatchedRead(turns, async (questions) => {
      const newestFirst = await epochs.find({ order: { id: 'DESC' } });
      const [newest] = newestFirst;
      if (newest) this.epoch = newest;
      const ends = endsOf(newestFirst);
      return questions.map(() => ends);
    });
  }

  override get current(): string {
    return this.epoch.name;
  }

  onModuleInit(): Promise<void> {
    return this.enter();
  }

  override async hasSeen(epoch: string, messageId: number): Promise<boolean> {
    const end = (await this.ends.ask(null)).get(epoch);
    return end !== undefined && messageId < end;
  }

  /** Runs what may only be done in the present epoch; when that was not the present one, once more in the new one. */
  async within<T>(work: (origin: string | null) => Promise<T>): Promise<T> {
    try {
      return await work(this.epoch.origin);
    } catch (error) {
      if (codeOf(error) !== OTHER_ORIGIN) throw error;
      await this.enter();
      return work(this.epoch.origin);
    }
  }

  private async enter(): Promise<void> {
    this.epoch = await this.writes.run(enterEpoch);
  }
}

/** The epoch of where the database is, begun if there is none. Nodes that come at once find the same. */
async function enterEpoch(manager: EntityManager): Promise<Pick<Epoch, 'name' | 'origin'>> {
  await manager.query('LOCK TABLE epochs IN SHARE ROW EXCLUSIVE MODE');
  const [here] = await manager.query<{ origin: string }[]>('SELECT log_origin() AS origin');
  const [newest] = await manager.find(Epoch, { order: { id: 'DESC' }, take: 1 });
  if (newest && newest.origin === here?.origin) return newest;
  const epoch = {
    name: randomUUID(),
    firstMessageId: ((await manager.maximum(Message, 'id')) ?? 0) + 1,
    startedAt: Date.now(),
    origin: here?.origin ?? null,
  };
  await manager.insert(Epoch, epoch);
  return epoch;
}
