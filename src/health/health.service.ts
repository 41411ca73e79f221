import { Injectable } from '@nestjs/common';
import { Handshake } from '../connections/handshake.js';
import { WriteQueue } from '../database/write-queue.js';
import { AppError } from '../errors/app-error.js';

/** Milliseconds after which a database that does not answer counts as one that does not take writes. */
const PATIENCE = 1_000;

@Injectable()
export class HealthService {
  constructor(
    private readonly handshake: Handshake,
    private readonly writes: WriteQueue,
  ) {}

  /** @throws AppError `shutting_down` | `storage_unavailable` */
  async checkReady(): Promise<void> {
    if (this.handshake.isDraining) throw new AppError('shutting_down');
    let timer: NodeJS.Timeout | undefined;
    const impatience = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new AppError('storage_unavailable')), PATIENCE);
    });
    await Promise.race([this.writes.probe(), impatience]).finally(() => clearTimeout(timer));
  }
}
