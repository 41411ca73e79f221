import type { EntityManager } from 'typeorm';
import { BoundValues } from '../database/bound-values.js';
import { AppError } from '../errors/app-error.js';
import type { Draft } from './draft.js';
import type { Message } from './message.entity.js';

interface Head {
  /** Who knows of a private room without being a member: its owner. Nothing for a public room. */
  readonly hiddenBut: number | undefined;
  seq: number;
  moved: boolean;
}

/**
 * What a batch of appends has to know, read with one query for each question however large the batch:
 * the heads of its rooms and its memberships, its retries, and the messages that it answers.
 *
 * Plain SQL that both databases understand: turning rows into entities costs more than reading them.
 */
export class BatchLookup {
  private constructor(
    private readonly heads: Map<number, Head>,
    private readonly members: Set<string>,
    private readonly originals: Map<string, Message>,
    private readonly answered: Map<number, number>,
  ) {}

  static async read(manager: EntityManager, drafts: readonly Draft[]): Promise<BatchLookup> {
    const { heads, members } = await readStandings(manager, drafts);
    return new BatchLookup(
      heads,
      members,
      await readOriginals(manager, drafts),
      await readAnswered(manager, drafts),
    );
  }

  /** Why a draft has no place in the room, if it has none. To a stranger a private room is as good as missing. */
  refusalOf({ roomId, userId }: Draft): AppError | undefined {
    const head = this.heads.get(roomId);
    if (!head) return new AppError('room_not_found');
    if (!this.members.has(pairOf(roomId, userId))) {
      const isHidden = head.hiddenBut !== undefined && head.hiddenBut !== userId;
      return new AppError(isHidden ? 'room_not_found' : 'not_a_member');
    }
    return undefined;
  }

  /** Whether what a draft answers is there, if it answers anything. Asked of new messages only. */
  canAnswer({ roomId, replyTo }: Draft): boolean {
    return replyTo === null || this.answered.get(replyTo) === roomId;
  }

  /** The message that a retry repeats, stored before or earlier in this batch. */
  originalOf(draft: Draft): Message | undefined {
    return draft.clientMsgId === null ? undefined : this.originals.get(retryKeyOf(draft));
  }

  nextSeq(roomId: number): number {
    const head = this.heads.get(roomId);
    if (!head) throw new Error(`Room ${roomId} was not read.`);
    head.moved = true;
    head.seq += 1;
    return head.seq;
  }

  remember(message: Message): void {
    if (message.clientMsgId !== null) this.originals.set(retryKeyOf(message), message);
  }

  async writeHeads(manager: EntityManager): Promise<void> {
    const moved = [...this.heads].filter(([, head]) => head.moved);
    const bound = new BoundValues(manager, moved.length);
    const rows = moved.map(([id, { seq }]) => `(${bound.numbers(id, seq)})`);
    await manager.query(
      `UPDATE rooms SET head_seq = moved.column2 FROM (VALUES ${rows.join(', ')}) AS moved
        WHERE rooms.id = moved.column1`,
      bound.values,
    );
  }
}

/**
 * One row for all: a row costs the driver more than the database. Numbers only, so that nothing in it can be
 * taken for a separator.
 */
async function readStandings(
  manager: EntityManager,
  drafts: readonly Draft[],
): Promise<{ heads: Map<number, Head>; members: Set<string> }> {
  const pairs = new Map(drafts.map((draft) => [pairOf(draft.roomId, draft.userId), draft]));
  const bound = new BoundValues(manager, pairs.size);
  const rows = [...pairs.values()].map(({ roomId, userId }) => `(${bound.numbers(roomId, userId)})`);
  const [row]: { standings: string | null }[] = await manager.query(
    `SELECT string_agg(
        CAST(room.id AS text) || ' ' || CAST(room.head_seq AS text) || ' ' ||
        CASE room.visibility WHEN 'private' THEN CAST(room.owner_id AS text) ELSE '' END || ' ' ||
        CASE WHEN member.user_id IS NULL THEN '' ELSE CAST(member.user_id AS text) END, ',') AS standings
      FROM (VALUES ${rows.join(', ')}) AS pair
      JOIN rooms AS room ON room.id = pair.column1
      LEFT JOIN memberships AS member ON member.room_id = room.id AND member.user_id = pair.column2`,
    bound.values,
  );
  const heads = new Map<number, Head>();
  const members = new Set<string>();
  for (const standing of row?.standings?.split(',') ?? []) {
    const [roomId, seq, hiddenBut, memberId] = standing.split(' ');
    const id = Number(roomId);
    heads.set(id, { seq: Number(seq), hiddenBut: numberOf(hiddenBut), moved: false });
    if (memberId) members.add(pairOf(id, Number(memberId)));
  }
  return { heads, members };
}

function numberOf(text: string | undefined): number | undefined {
  return text ? Number(text) : undefined;
}

async function readOriginals(
  manager: EntityManager,
  drafts: readonly Draft[],
): Promise<Map<string, Message>> {
  const retries = drafts.filter(({ clientMsgId }) => clientMsgId !== null);
  if (retries.length === 0) return new Map();
  const bound = new BoundValues(manager, retries.length);
  const keys = retries.map(
    ({ roomId, userId, clientMsgId }) => `(${bound.numbers(roomId, userId)}, ${bound.text(clientMsgId)})`,
  );
  const originals: Message[] = await manager.query(
    `SELECT message.id, message.room_id AS "roomId", message.seq, message.user_id AS "userId", message.content,
        message.client_msg_id AS "clientMsgId", message.reply_to AS "replyTo",
        message.created_at AS "createdAt", message.edited_at AS "editedAt"
      FROM (VALUES ${keys.join(', ')}) AS retry
      JOIN messages AS message ON message.room_id = retry.column1 AND message.user_id = retry.column2
        AND message.client_msg_id = retry.column3 AND message.client_msg_id IS NOT NULL`,
    bound.values,
  );
  return new Map(originals.map((message) => [retryKeyOf(message), withNumbers(message)]));
}

/** 64-bit integers leave some drivers as text. */
function withNumbers(message: Message): Message {
  const { createdAt, editedAt } = message;
  return { ...message, createdAt: Number(createdAt), editedAt: editedAt === null ? null : Number(editedAt) };
}

/** The room of each message that is answered. */
async function readAnswered(manager: EntityManager, drafts: readonly Draft[]): Promise<Map<number, number>> {
  const ids = [...new Set(drafts.map(({ replyTo }) => replyTo))].filter((id) => id !== null);
  if (ids.length === 0) return new Map();
  const bound = new BoundValues(manager, ids.length);
  const messages: { id: number; roomId: number }[] = await manager.query(
    `SELECT id, room_id AS "roomId" FROM messages WHERE id IN (${bound.numbers(...ids)})`,
    bound.values,
  );
  return new Map(messages.map(({ id, roomId }) => [id, roomId]));
}

function pairOf(roomId: number, userId: number): string {
  return `${roomId} ${userId}`;
}

function retryKeyOf({
  roomId,
  userId,
  clientMsgId,
}: {
  roomId: number;
  userId: number;
  clientMsgId: string | null;
}): string {
  return `${roomId} ${userId} ${clientMsgId ?? ''}`;
}
