import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, LessThan, Repository } from 'typeorm';
import { Pruner, type Remains } from '../database/pruner.js';
import { WriteQueue } from '../database/write-queue.js';
import { Session } from './session.entity.js';

/**
 * Removes sessions that ended or expired long ago. No token tells the difference: what is of an ended session is refused
 * as what is of none, and no access token outlives its session by so long. Their addresses are not known any more.
 */
@Injectable()
export class EndedSessions implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly pruner: Pruner;

  constructor(@InjectRepository(Session) sessions: Repository<Session>, writes: WriteQueue) {
    const ended: Remains<Session> = {
      what: 'sessions',
      find: (time, take) =>
        sessions.find({
          select: { id: true },
          where: [{ endedAt: LessThan(time) }, { expiresAt: LessThan(time) }],
          take,
        }),
      // Neither begins anew: a session that is over is never refreshed.
      remove: (manager, rows) => manager.delete(Session, { id: In(rows.map(({ id }) => id)) }),
    };
    this.pruner = new Pruner(writes, [ended]);
  }

  onApplicationBootstrap(): void {
    this.pruner.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.pruner.stop();
  }
}
