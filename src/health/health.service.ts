import { Injectable } from '@nestjs/common';
import { Broker } from '../connections/broker/broker.js';
import { Handshake } from '../connections/handshake.js';
import { StorageHealth } from '../database/storage-health.js';
import { WriteQueue } from '../database/write-queue.js';
import { AppError } from '../errors/app-error.js';

/** Milliseconds after which a database that does not answer counts as one that does not take writes. */
const PATIENCE = 1_000;

@Injectable()
export class HealthService {
  constructor(
    private readonly handshake: Handshake,
    private readonly writes: WriteQueue,
    private readonly storage: StorageHealth,
    private readonly broker: Broker,
  ) {}

  /** No reason to send clients elsewhere: where Redis is away, it is away for every server. */
  get hearsOthers(): boolean {
    return this.broker.isWhole;
  }

  /** @throws AppError `shutting_down` | `storage_unavailable` */
  async checkReady(): Promise<void> {
    if (this.handshake.isDraining) throw new AppError('shutting_down');
    let timer: NodeJS.Timeout | undefined;
    const impatience = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new AppError('storage_unavailable')), PATIENCE);
    });
    await Promise.race([this.checkStorage(), impatience]).finally(() => clearTimeout(timer));
  }

  /** Writes first, so that what is wrong is noticed by it. */
  private async checkStorage(): Promise<void> {
    await this.writes.probe();
    this.storage.checkQuiet();
  }
}
