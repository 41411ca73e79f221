import type { OnModuleInit } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { PostgresWriteQueue } from '../database/postgres-write-queue.js';
import { parseOutcomes } from './append-outcomes.parser.js';
import type { Draft } from './draft.js';
import { MessageStore, type Outcome } from './message-store.js';
import type { OriginEpochs } from './origin-epochs.js';

/** How long it is known what became of the last batch of a node that is gone. In milliseconds. */
const REMEMBERED = 7 * 24 * 60 * 60 * 1_000;

const APPEND = 'SELECT append_messages($1, $2, $3, $4, $5, $6) AS outcomes';

/**
 * A batch is one call of a function in the database, which gives `seq` while it has the rooms of the batch for
 * itself: for any number of nodes (migrations/1795600000000-postgres-appends.ts).
 *
 * One batch at a time, so that this node tells of its messages in their order. Each has a number: when the answer to
 * it is lost it is sent again, and the database answers with what it did the first time, if it did it.
 */
export class PostgresMessageStore extends MessageStore implements OnModuleInit {
  /** Names this start of the server. */
  private readonly appender = randomUUID();
  private batches = 0;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly writes: PostgresWriteQueue,
    private readonly epochs: OriginEpochs,
  ) {
    super();
  }

  async onModuleInit(): Promise<void> {
    await this.writes.run((manager) =>
      manager.query('DELETE FROM append_batches WHERE appended_at < $1', [Date.now() - REMEMBERED]),
    );
  }

  override append(take: () => Draft[]): Promise<Outcome[]> {
    const appended = this.turn.then(() => this.appendNow(take()));
    this.turn = appended.catch(() => undefined);
    return appended;
  }

  private async appendNow(drafts: readonly Draft[]): Promise<Outcome[]> {
    const now = Date.now();
    const rooms = [...new Set(drafts.map(({ roomId }) => roomId))];
    const given = JSON.stringify(drafts.map(rowOf));
    this.batches += 1;
    const [row] = await this.epochs.within((origin) =>
      this.writes.call<{ outcomes: string }>(APPEND, [
        this.appender,
        this.batches,
        origin,
        now,
        rooms,
        given,
      ]),
    );
    return parseOutcomes(row?.outcomes ?? '[]', drafts, now);
  }
}

/** As the function reads them. */
function rowOf({ roomId, userId, content, clientMsgId, replyTo }: Draft) {
  return { room_id: roomId, user_id: userId, content, client_msg_id: clientMsgId, reply_to: replyTo };
}
