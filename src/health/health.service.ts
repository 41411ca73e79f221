import { Injectable } from '@nestjs/common';
import { Handshake } from '../connections/handshake.js';
import { WriteQueue } from '../database/write-queue.js';
import { AppError } from '../errors/app-error.js';

const RETRY_AFTER = 2;

@Injectable()
export class HealthService {
  constructor(
    private readonly handshake: Handshake,
    private readonly writes: WriteQueue,
  ) {}

  /** @throws AppError `shutting_down` | `storage_unavailable` */
  async checkReady(): Promise<void> {
    if (this.handshake.isDraining) throw new AppError('shutting_down', { retryAfter: RETRY_AFTER });
    try {
      // An empty transaction still needs its turn and the write lock.
      await this.writes.run(async () => undefined);
    } catch (error) {
      throw new AppError('storage_unavailable', { retryAfter: RETRY_AFTER }, { cause: error });
    }
  }
}
