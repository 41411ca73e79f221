import type { EntityManager } from 'typeorm';
import { BoundValues } from '../database/bound-values.js';
import { AppError } from '../errors/app-error.js';
import { refusalOf, type Standing } from '../rooms/room-capabilities.js';
import type { Draft } from './draft.js';
import type { Message } from './message.entity.js';

interface Head {
  seq: number;
  moved: boolean;
}

/**
 * What a batch of appends has to know, read with one query for each question however large the batch:
 * the heads of its rooms and how its authors stand to them, its retries, and the messages that it answers.
 *
 * Plain SQL that both databases understand: turning rows into entities costs more than reading them.
 */
export class BatchLookup {
  private constructor(
    private readonly heads: Map<number, Head>,
    private readonly standings: Map<string, Standing>,
    private readonly originals: Map<string, Message>,
    private readonly answered: Map<number, number>,
  ) {}

  static async read(manager: EntityManager, drafts: readonly Draft[]): Promise<BatchLookup> {
    const { heads, standings } = await readStandings(manager, drafts);
    return new BatchLookup(
      heads,
      standings,
      await readOriginals(manager, drafts),
      await readAnswered(manager, drafts),
    );
  }

  /** Why a draft has no place in the room, if it has none. */
  refusalOf({ roomId, userId }: Draft): AppError | undefined {
    const standing = this.standings.get(pairOf(roomId, userId));
    return standing ? refusalOf(standing, 'send') : new AppError('room_not_found');
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
 * taken for a separator. An admin counts as a member: both may send.
 */
async function readStandings(
  manager: EntityManager,
  drafts: readonly Draft[],
): Promise<{ heads: Map<number, Head>; standings: Map<string, Standing> }> {
  const pairs = new Map(drafts.map((draft) => [pairOf(draft.roomId, draft.userId), draft]));
  const bound = new BoundValues(manager, pairs.size);
  const rows = [...pairs.values()].map(({ roomId, userId }) => `(${bound.numbers(roomId, userId)})`);
  const [row]: { standings: string | null }[] = await manager.query(
    `SELECT string_agg(
        CAST(room.id AS text) || ' ' || CAST(room.head_seq AS text) || ' ' || CAST(pair.column2 AS text) || ' ' ||
        CASE room.visibility WHEN 'private' THEN '1' ELSE '' END || ' ' ||
        CASE WHEN member.user_id IS NULL THEN '' ELSE '1' END || ' ' ||
        CASE WHEN room.owner_id = pair.column2 THEN '1' ELSE '' END || ' ' ||
        CASE WHEN mute.user_id IS NULL THEN '' ELSE coalesce(CAST(mute.until AS text), 'Infinity') END,
        ',') AS standings
      FROM (VALUES ${rows.join(', ')}) AS pair
      JOIN rooms AS room ON room.id = pair.column1
      LEFT JOIN memberships AS member ON member.room_id = room.id AND member.user_id = pair.column2
      LEFT JOIN mutes AS mute ON mute.room_id = room.id AND mute.user_id = pair.column2`,
    bound.values,
  );
  const heads = new Map<number, Head>();
  const standings = new Map<string, Standing>();
  for (const facts of row?.standings?.split(',') ?? []) {
    const [roomId, seq, userId, isPrivate, isMember, isOwner, mutedUntil] = facts.split(' ');
    heads.set(Number(roomId), { seq: Number(seq), moved: false });
    standings.set(`${roomId} ${userId}`, {
      isPrivate: isPrivate === '1',
      isMember: isMember === '1',
      role: isOwner === '1' ? 'owner' : isMember === '1' ? 'member' : null,
      mutedUntil: Number(mutedUntil),
    });
  }
  return { heads, standings };
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
