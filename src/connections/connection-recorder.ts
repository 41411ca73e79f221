import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { IsNull, type EntityManager } from 'typeorm';
import { BoundValues } from '../database/bound-values.js';
import { ServerClaim } from '../database/server-claim.js';
import { WriteQueue } from '../database/write-queue.js';
import { AppError } from '../errors/app-error.js';
import type { Connection } from './connection.js';
import { ConnectionRecord } from './connection-record.entity.js';
import { LiveNodes } from './nodes/live-nodes.js';

/** How a socket closed (RFC 6455, 7.1.5 and 7.1.6). */
export interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** Rows of one INSERT: SQLite takes 32,766 parameters at most. */
const ROWS_PER_INSERT = 500;
/** Milliseconds for which records gather before a write, which is a whole transaction however many they are. */
const GATHER = 50;
/** Records that may wait for a database that does not answer. The oldest are given up beyond it. */
const MAX_WAITING = 20_000;
const REASON_MAX = 128;

/**
 * Writes the history of connections. What happens in the same moment, or while a write is under way, shares one;
 * sockets never wait for it.
 */
@Injectable()
export class ConnectionRecorder implements OnModuleInit {
  private readonly logger = new Logger('Connections');
  /** By client id: what is not written yet. A socket that opens and closes meanwhile is one row. */
  private waiting = new Map<string, ConnectionRecord>();
  private gathering: NodeJS.Timeout | undefined;
  private writing: Promise<void> | undefined;

  constructor(
    private readonly writes: WriteQueue,
    private readonly claim: ServerClaim,
    private readonly nodes: LiveNodes,
  ) {}

  /** A crash leaves records open: all of them, or those of the node that has gone where others have the same database. */
  async onModuleInit(): Promise<void> {
    await this.claim.take();
    if (this.claim.isExclusive) await this.endAll({});
    this.nodes.onGone((node) => this.endAll({ node }));
  }

  private async endAll(which: { node?: string }): Promise<void> {
    await this.writes.run((manager) =>
      manager.update(
        ConnectionRecord,
        { closedAt: IsNull(), ...which },
        { closedAt: Date.now(), closeReason: 'the server ended before the socket did' },
      ),
    );
  }

  opened(connection: Connection): void {
    this.put(this.recordOf(connection, undefined));
  }

  closed(connection: Connection, closing: Closing): void {
    this.put(this.recordOf(connection, closing));
  }

  /** Resolves when everything that happened so far is written, or could not be. */
  async flush(): Promise<void> {
    while (this.gathering || this.writing) {
      this.write();
      await this.writing;
    }
  }

  private recordOf(connection: Connection, closing: Closing | undefined): ConnectionRecord {
    const { admission, user } = connection;
    return {
      clientId: connection.id,
      node: this.nodes.name,
      endpoint: admission.endpoint.name,
      userId: user?.id ?? null,
      roomId: connection.boundRoom ?? null,
      address: admission.address,
      userAgent: admission.userAgent,
      openedAt: connection.openedAt,
      closedAt: closing ? Date.now() : null,
      closeCode: closing?.code ?? null,
      closeReason: closing ? asText(closing.reason).slice(0, REASON_MAX) : null,
    };
  }

  private put(record: ConnectionRecord): void {
    this.waiting.set(record.clientId, record);
    const oldest = this.waiting.size > MAX_WAITING ? this.waiting.keys().next().value : undefined;
    if (oldest !== undefined) this.waiting.delete(oldest);
    if (!this.writing) this.gather();
  }

  private gather(): void {
    this.gathering ??= setTimeout(() => this.write(), GATHER).unref();
  }

  private write(): void {
    clearTimeout(this.gathering);
    this.gathering = undefined;
    this.writing ??= this.writeWaiting();
  }

  private async writeWaiting(): Promise<void> {
    try {
      await this.writeOnce();
      if (this.waiting.size > 0) this.gather();
    } catch (error) {
      // They are tried again with the next one. That the database takes no writes has been said by then.
      if (!(error instanceof AppError)) this.logger.error(error);
    } finally {
      this.writing = undefined;
    }
  }

  /** Takes what waits when the write begins, and gives it back when it is not committed. */
  private async writeOnce(): Promise<void> {
    let batch = new Map<string, ConnectionRecord>();
    try {
      await this.writes.run(async (manager) => {
        // A second run of this job writes what the first one took, too.
        batch = new Map([...batch, ...this.waiting]);
        this.waiting = new Map();
        await insertAll(manager, [...batch.values()]);
      });
    } catch (error) {
      this.waiting = new Map([...batch, ...this.waiting]);
      throw error;
    }
  }
}

/** One plain statement for many rows: TypeORM takes longer to write an `upsert` down than SQLite to run it. */
async function insertAll(manager: EntityManager, records: readonly ConnectionRecord[]): Promise<void> {
  for (let start = 0; start < records.length; start += ROWS_PER_INSERT) {
    const slice = records.slice(start, start + ROWS_PER_INSERT);
    const bound = new BoundValues(manager, slice.length);
    const rows = slice.map((record) => rowOf(record, bound));
    await manager.query(
      `INSERT INTO connections (client_id, node, endpoint, address, user_agent, close_reason,
         user_id, room_id, opened_at, closed_at, close_code)
       VALUES ${rows.join(', ')}
       ON CONFLICT (client_id) DO UPDATE SET closed_at = excluded.closed_at,
         close_code = excluded.close_code, close_reason = excluded.close_reason`,
      bound.values,
    );
  }
}

function rowOf(record: ConnectionRecord, bound: BoundValues): string {
  const { clientId, node, endpoint, address, userAgent, closeReason } = record;
  const { userId, roomId, openedAt, closedAt, closeCode } = record;
  const places = [clientId, node, endpoint, address, userAgent, closeReason].map((text) => bound.text(text));
  const numbers = bound.numbers(userId, roomId, openedAt, closedAt, closeCode);
  return `(${[...places, numbers].join(', ')})`;
}

/** A client may close with U+0000 in its reason, which PostgreSQL does not store. */
function asText(reason: string): string {
  return reason.replaceAll('\0', '\uFFFD');
}
