import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type EntityManager } from 'typeorm';
import { BatchedRead } from '../database/batched-read.js';
import { BoundValues } from '../database/bound-values.js';
import { ReadTurns } from '../database/read-turns.js';
import { AppError } from '../errors/app-error.js';
import {
  isAbove,
  isHidden,
  refusalOf,
  type MemberRole,
  type RoomCapability,
  type RoomRole,
  type Standing,
} from './room-capabilities.js';
import { Room, type Visibility } from './room.entity.js';

/** A room without what only the database needs. */
export type RoomFacts = Omit<Room, 'nameKey' | 'owner'>;

/** How a user stands to a room that exists. */
export interface RoomStanding extends Standing {
  readonly room: RoomFacts;
  readonly isBanned: boolean;
}

interface Question {
  readonly userId: number;
  readonly roomId: number;
}

/** A standing as the database tells it. 64-bit integers leave some drivers as text. */
interface StandingRow {
  readonly asker: number;
  readonly id: number;
  readonly name: string;
  readonly description: string | null;
  readonly visibility: Visibility;
  readonly owner_id: number;
  readonly head_seq: number;
  readonly created_at: number | string;
  readonly role: MemberRole | null;
  readonly banned: number | null;
  readonly banned_until: number | string | null;
  readonly muted: number | null;
  readonly muted_until: number | string | null;
}

/**
 * The one place that decides what a user may do in a room. A private room is as good as missing to whoever
 * is neither a member nor its owner.
 */
@Injectable()
export class RoomAccess {
  private readonly asked: BatchedRead<Question, RoomStanding | undefined>;

  constructor(@InjectRepository(Room) rooms: Repository<Room>, turns: ReadTurns) {
    this.asked = new BatchedRead(turns, (questions) => readStandings(rooms.manager, questions));
  }

  /** Inside a job of the write queue, `manager` sees what the job has written. */
  async standingOf(userId: number, roomId: number, manager?: EntityManager): Promise<RoomStanding> {
    const question = { userId, roomId };
    const standing = manager ? (await readStandings(manager, [question]))[0] : await this.asked.ask(question);
    if (!standing) throw new AppError('room_not_found');
    return standing;
  }

  /** @throws AppError `room_not_found` also for a private room that the user must not know of */
  async visible(userId: number, roomId: number, manager?: EntityManager): Promise<RoomStanding> {
    const standing = await this.standingOf(userId, roomId, manager);
    if (isHidden(standing)) throw new AppError('room_not_found');
    return standing;
  }

  /** @throws AppError `room_not_found` | `not_a_member` | `muted` | `forbidden` */
  async require(
    userId: number,
    roomId: number,
    capability: RoomCapability,
    manager?: EntityManager,
  ): Promise<RoomStanding> {
    const standing = await this.standingOf(userId, roomId, manager);
    const refusal = refusalOf(standing, capability);
    if (refusal) throw refusal;
    return standing;
  }

  /**
   * For what one user does to another: nobody does it to themselves or to the owner, nor an admin to an admin.
   *
   * @returns how the other one stands to the room
   * @throws AppError `room_not_found` | `forbidden`
   */
  async requireOver(
    userId: number,
    roomId: number,
    targetId: number,
    capability: RoomCapability,
    manager?: EntityManager,
  ): Promise<RoomStanding> {
    const actor = await this.require(userId, roomId, capability, manager);
    const target = await this.standingOf(targetId, roomId, manager);
    if (userId === targetId || !isAbove(actor.role, target.role)) throw new AppError('forbidden');
    return target;
  }
}

/** One query for all of them, in plain rows: every frame that is about a room, and every handshake, asks. */
async function readStandings(
  manager: EntityManager,
  questions: readonly Question[],
): Promise<(RoomStanding | undefined)[]> {
  const distinct = new Map(questions.map((question) => [keyOf(question.userId, question.roomId), question]));
  const bound = new BoundValues(manager, distinct.size);
  const pairs = [...distinct.values()].map(({ userId, roomId }) => `(${bound.numbers(userId, roomId)})`);
  const rows = await manager.query<StandingRow[]>(
    `WITH asked (user_id, room_id) AS (VALUES ${pairs.join(', ')})
     SELECT asked.user_id AS asker, rooms.id, rooms.name, rooms.description, rooms.visibility, rooms.owner_id,
       rooms.head_seq, rooms.created_at, memberships.role, bans.user_id AS banned, bans.until AS banned_until,
       mutes.user_id AS muted, mutes.until AS muted_until
     FROM asked
     JOIN rooms ON rooms.id = asked.room_id
     LEFT JOIN memberships ON memberships.room_id = asked.room_id AND memberships.user_id = asked.user_id
     LEFT JOIN bans ON bans.room_id = asked.room_id AND bans.user_id = asked.user_id
     LEFT JOIN mutes ON mutes.room_id = asked.room_id AND mutes.user_id = asked.user_id`,
    bound.values,
  );
  const standings = new Map(rows.map((row) => [keyOf(row.asker, row.id), standingIn(row)]));
  return questions.map(({ userId, roomId }) => standings.get(keyOf(userId, roomId)));
}

function standingIn(row: StandingRow): RoomStanding {
  const { id, name, description, visibility, owner_id: ownerId, head_seq: headSeq } = row;
  const createdAt = Number(row.created_at);
  return {
    room: { id, name, description, visibility, ownerId, headSeq, createdAt },
    isPrivate: visibility === 'private',
    isMember: row.role !== null,
    role: roleOf(ownerId, row.asker, row.role),
    isBanned: endOf(row.banned, row.banned_until) > Date.now(),
    mutedUntil: endOf(row.muted, row.muted_until),
  };
}

/** The owner is whom the room names: a membership cannot make one. */
export function roleOf(ownerId: number, userId: number, given: MemberRole | null): RoomRole | null {
  return ownerId === userId ? 'owner' : given;
}

/** When a ban or a mute ends, if there is one: see {@link Standing.mutedUntil}. */
function endOf(whose: number | null, until: number | string | null): number {
  if (whose === null) return 0;
  return until === null ? Infinity : Number(until);
}

function keyOf(userId: number, roomId: number): string {
  return `${userId} ${roomId}`;
}
