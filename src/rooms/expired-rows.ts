import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { In, LessThan, type DataSource } from 'typeorm';
import { Pruner, type Remains } from '../database/pruner.js';
import { WriteQueue } from '../database/write-queue.js';
import { Ban } from './ban.entity.js';
import { Invitation } from './invitation.entity.js';
import { Mute } from './mute.entity.js';

/** Removes bans, mutes and invitations that ended by themselves long ago. What the audit log says of them stays. */
@Injectable()
export class ExpiredRows implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly pruner: Pruner;

  constructor(@InjectDataSource() database: DataSource, writes: WriteQueue) {
    const invitations: Remains<Invitation> = {
      what: 'invitations',
      find: (time, take) =>
        database
          .getRepository(Invitation)
          .find({ select: { id: true }, where: { expiresAt: LessThan(time) }, take }),
      remove: (manager, rows) => manager.delete(Invitation, { id: In(rows.map(({ id }) => id)) }),
    };
    this.pruner = new Pruner(writes, [
      sanctions('bans', Ban, database),
      sanctions('mutes', Mute, database),
      invitations,
    ]);
  }

  onApplicationBootstrap(): void {
    this.pruner.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.pruner.stop();
  }
}

/** One that is renewed meanwhile has another end, and stays. */
function sanctions(
  what: string,
  entity: typeof Ban | typeof Mute,
  database: DataSource,
): Remains<Ban | Mute> {
  return {
    what,
    find: (time, take) =>
      database.getRepository<Ban | Mute>(entity).find({
        select: { roomId: true, userId: true },
        where: { until: LessThan(time) },
        take,
      }),
    remove: async (manager, rows, time) => {
      for (const { roomId, userId } of rows) {
        await manager.delete(entity, { roomId, userId, until: LessThan(time) });
      }
    },
  };
}
