import { Injectable } from '@nestjs/common';
import { setTimeout as pause } from 'node:timers/promises';
import { Settings } from '../config/settings.js';
import { restartingIn } from '../protocol/close-codes.js';
import { RECONNECT_MIN_MS } from '../protocol/limits.js';
import type { Connection } from './connection.js';
import { ConnectionRecorder } from './connection-recorder.js';
import { ConnectionRegistry } from './connection-registry.js';
import { Handshake } from './handshake.js';

/** Sockets of one batch, if there is time for that many batches. */
const BATCH = 100;
/** Milliseconds between two batches, in which those who left before are gone. */
const PAUSE = 20;
/** The longest wait that a socket is asked for before it comes back. */
const LONGEST_WAIT = 10_000;
/** Of the whole time for a shutdown: what batches, frames under way and closing handshakes may take. */
const SHARE = { batches: 1 / 8, frames: 3 / 8, closing: 1 / 4 } as const;

/**
 * Ends every connection in good order: nobody new; what was accepted is committed and acknowledged; then
 * each socket is told to come back, and when, so that they do not all come in the same moment. Sockets leave
 * in batches, and those that do not close in time are cut.
 */
@Injectable()
export class Drain {
  constructor(
    private readonly settings: Settings,
    private readonly handshake: Handshake,
    private readonly registry: ConnectionRegistry,
    private readonly recorder: ConnectionRecorder,
  ) {}

  async run(): Promise<void> {
    this.handshake.drain();
    const connections = [...this.registry.connections];
    const spread = Math.min(LONGEST_WAIT, RECONNECT_MIN_MS + connections.length);
    const leaving: Promise<void>[] = [];
    for (const [index, batch] of this.batchesOf(connections).entries()) {
      if (index > 0) await pause(PAUSE);
      leaving.push(...batch.map((connection) => this.sendAway(connection, Math.random() * spread)));
    }
    await Promise.all(leaving);
    // Whoever had just been let in when the drain began.
    await Promise.all([...this.registry.connections].map((connection) => this.sendAway(connection, spread)));
    await this.recorder.flush();
  }

  private async sendAway(connection: Connection, wait: number): Promise<void> {
    const { shutdownTimeout } = this.settings;
    await atMost(shutdownTimeout * SHARE.frames, connection.frames.stop());
    connection.close(restartingIn(Math.round(wait)));
    await atMost(shutdownTimeout * SHARE.closing, connection.whenClosed());
    connection.terminate();
    await connection.whenClosed();
  }

  private batchesOf(connections: readonly Connection[]): Connection[][] {
    const batches = Math.max(1, (this.settings.shutdownTimeout * SHARE.batches) / PAUSE);
    const size = Math.max(BATCH, Math.ceil(connections.length / batches));
    return Array.from({ length: Math.ceil(connections.length / size) }, (_, index) =>
      connections.slice(index * size, (index + 1) * size),
    );
  }
}

/** Resolves with the work, or when its time is over. */
async function atMost(milliseconds: number, work: Promise<void>): Promise<void> {
  const cancel = new AbortController();
  const deadline = pause(milliseconds, undefined, { signal: cancel.signal }).catch(() => undefined);
  await Promise.race([work, deadline]);
  cancel.abort();
}
