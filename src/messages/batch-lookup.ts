import type { EntityManager } from 'typeorm';
import { AppError } from '../errors/app-error.js';
import { Membership } from '../rooms/membership.entity.js';
import { Room } from '../rooms/room.entity.js';
import type { Draft } from './draft.js';
import { Message } from './message.entity.js';

interface Head {
  /** Who knows of a private room without being a member: its owner. Nothing for a public room. */
  readonly hiddenBut: number | undefined;
  seq: number;
  moved: boolean;
}

/**
 * What a batch of appends has to know, read with one query for each question however large the batch:
 * the heads of its rooms, its memberships, its retries, and the messages that it answers.
 *
 * Pairs of ids are written into the SQL: they are numbers, and no database has a limit on those.
 */
export class BatchLookup {
  private constructor(
    private readonly heads: Map<number, Head>,
    private readonly members: Set<string>,
    private readonly originals: Map<string, Message>,
    private readonly answered: Map<number, number>,
  ) {}

  static async read(manager: EntityManager, drafts: readonly Draft[]): Promise<BatchLookup> {
    return new BatchLookup(
      await readHeads(manager, drafts),
      await readMembers(manager, drafts),
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
    const cases = moved.map(([id, { seq }]) => `WHEN ${id} THEN ${seq}`).join(' ');
    await manager
      .createQueryBuilder()
      .update(Room)
      .set({ headSeq: () => `CASE id ${cases} END` })
      .whereInIds(moved.map(([id]) => id))
      .execute();
  }
}

async function readHeads(manager: EntityManager, drafts: readonly Draft[]): Promise<Map<number, Head>> {
  const ids = [...new Set(drafts.map(({ roomId }) => roomId))];
  const rooms = await manager
    .createQueryBuilder(Room, 'room')
    .select(['room.id', 'room.headSeq', 'room.visibility', 'room.ownerId'])
    .where(`room.id IN (${ids.join(', ')})`)
    .getMany();
  return new Map(rooms.map((room) => [room.id, headOf(room)]));
}

function headOf({ headSeq, visibility, ownerId }: Room): Head {
  return { seq: headSeq, hiddenBut: visibility === 'private' ? ownerId : undefined, moved: false };
}

async function readMembers(manager: EntityManager, drafts: readonly Draft[]): Promise<Set<string>> {
  const pairs = new Set(drafts.map(({ roomId, userId }) => `(${roomId}, ${userId})`));
  const members = await manager
    .createQueryBuilder(Membership, 'member')
    .select(['member.roomId', 'member.userId'])
    .where(`(member.roomId, member.userId) IN (VALUES ${[...pairs].join(', ')})`)
    .getMany();
  return new Set(members.map(({ roomId, userId }) => pairOf(roomId, userId)));
}

async function readOriginals(
  manager: EntityManager,
  drafts: readonly Draft[],
): Promise<Map<string, Message>> {
  const retries = drafts.filter(({ clientMsgId }) => clientMsgId !== null);
  if (retries.length === 0) return new Map();
  const keys = retries.map(({ roomId, userId }, index) => `(${roomId}, ${userId}, :id${index})`);
  const ids = Object.fromEntries(retries.map(({ clientMsgId }, index) => [`id${index}`, clientMsgId]));
  const originals = await manager
    .createQueryBuilder(Message, 'message')
    .where('message.clientMsgId IS NOT NULL')
    .andWhere(`(message.roomId, message.userId, message.clientMsgId) IN (VALUES ${keys.join(', ')})`, ids)
    .getMany();
  return new Map(originals.map((message) => [retryKeyOf(message), message]));
}

/** The room of each message that is answered. */
async function readAnswered(manager: EntityManager, drafts: readonly Draft[]): Promise<Map<number, number>> {
  const ids = [...new Set(drafts.map(({ replyTo }) => replyTo))].filter((id) => id !== null);
  if (ids.length === 0) return new Map();
  const messages = await manager
    .createQueryBuilder(Message, 'message')
    .select(['message.id', 'message.roomId'])
    .where(`message.id IN (${ids.join(', ')})`)
    .getMany();
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
