import type { EntityManager } from 'typeorm';
import type { WriteQueue } from '../database/write-queue.js';
import { AppError } from '../errors/app-error.js';
import { BatchLookup } from './batch-lookup.js';
import type { Draft } from './draft.js';
import { insertMessages } from './insert-messages.js';
import { MessageStore, type Outcome } from './message-store.js';
import type { Message } from './message.entity.js';

/** A batch is a job of the write queue, and the server itself gives `seq`: nobody else writes. */
export class SqliteMessageStore extends MessageStore {
  constructor(private readonly writes: WriteQueue) {
    super();
  }

  override append(take: () => Draft[]): Promise<Outcome[]> {
    return this.writes.run((manager) => appendAll(manager, take()));
  }
}

async function appendAll(manager: EntityManager, drafts: Draft[]): Promise<Outcome[]> {
  const lookup = await BatchLookup.read(manager, drafts);
  const createdAt = Date.now();
  const fresh: Message[] = [];
  const outcomes = drafts.map((draft): Outcome => {
    const refusal = lookup.refusalOf(draft);
    if (refusal) return refusal;
    const original = lookup.originalOf(draft);
    if (original) return { message: original, isDuplicate: true };
    if (!lookup.canAnswer(draft)) return new AppError('reply_not_found');
    const { roomId, userId, content, clientMsgId, replyTo } = draft;
    const seq = lookup.nextSeq(roomId);
    const message = { id: 0, roomId, seq, userId, content, clientMsgId, replyTo, createdAt, editedAt: null };
    lookup.remember(message);
    fresh.push(message);
    return { message, isDuplicate: false };
  });
  if (fresh.length > 0) {
    await insertMessages(manager, fresh);
    await lookup.writeHeads(manager);
  }
  return outcomes;
}
