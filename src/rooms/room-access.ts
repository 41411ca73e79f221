import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type EntityManager } from 'typeorm';
import { BatchedRead } from '../database/batched-read.js';
import { BoundValues } from '../database/bound-values.js';
import { ReadTurns } from '../database/read-turns.js';
import { AppError } from '../errors/app-error.js';
import { Room, type Visibility } from './room.entity.js';

/** A room without what only the database needs. */
export type RoomFacts = Omit<Room, 'nameKey' | 'owner'>;

/** How a user stands to a room that exists. */
export interface Standing {
  readonly room: RoomFacts;
  readonly isMember: boolean;
  readonly isBanned: boolean;
  readonly isOwner: boolean;
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
  readonly member: number | null;
  readonly banned: number | null;
}

/**
 * The one place that decides what a user may do in a room. A private room is as good as missing to whoever
 * is neither a member nor its owner.
 */
@Injectable()
export class RoomAccess {
  private readonly asked: BatchedRead<Question, Standing | undefined>;

  constructor(@InjectRepository(Room) rooms: Repository<Room>, turns: ReadTurns) {
    this.asked = new BatchedRead(turns, (questions) => readStandings(rooms.manager, questions));
  }

  /** Inside a job of the write queue, `manager` sees what the job has written. */
  async standingOf(userId: number, roomId: number, manager?: EntityManager): Promise<Standing> {
    const question = { userId, roomId };
    const standing = manager ? (await readStandings(manager, [question]))[0] : await this.asked.ask(question);
    if (!standing) throw new AppError('room_not_found');
    return standing;
  }

  /** @throws AppError `room_not_found` also for a private room that the user must not know of */
  async visible(userId: number, roomId: number, manager?: EntityManager): Promise<Standing> {
    const standing = await this.standingOf(userId, roomId, manager);
    const { room, isMember, isOwner } = standing;
    if (room.visibility === 'private' && !isMember && !isOwner) throw new AppError('room_not_found');
    return standing;
  }

  /** @throws AppError `room_not_found` | `not_a_member` */
  async asMember(userId: number, roomId: number, manager?: EntityManager): Promise<Standing> {
    const standing = await this.visible(userId, roomId, manager);
    if (!standing.isMember) throw new AppError('not_a_member');
    return standing;
  }

  /** @throws AppError `room_not_found` | `forbidden` */
  async asOwner(userId: number, roomId: number, manager?: EntityManager): Promise<Standing> {
    const standing = await this.visible(userId, roomId, manager);
    if (!standing.isOwner) throw new AppError('forbidden');
    return standing;
  }
}

/** One query for all of them, in plain rows: every frame that is about a room, and every handshake, asks. */
async function readStandings(
  manager: EntityManager,
  questions: readonly Question[],
): Promise<(Standing | undefined)[]> {
  const distinct = new Map(questions.map((question) => [keyOf(question.userId, question.roomId), question]));
  const bound = new BoundValues(manager, distinct.size);
  const pairs = [...distinct.values()].map(({ userId, roomId }) => `(${bound.numbers(userId, roomId)})`);
  const rows = await manager.query<StandingRow[]>(
    `WITH asked (user_id, room_id) AS (VALUES ${pairs.join(', ')})
     SELECT asked.user_id AS asker, rooms.id, rooms.name, rooms.description, rooms.visibility, rooms.owner_id,
       rooms.head_seq, rooms.created_at, memberships.user_id AS member, bans.user_id AS banned
     FROM asked
     JOIN rooms ON rooms.id = asked.room_id
     LEFT JOIN memberships ON memberships.room_id = asked.room_id AND memberships.user_id = asked.user_id
     LEFT JOIN bans ON bans.room_id = asked.room_id AND bans.user_id = asked.user_id`,
    bound.values,
  );
  const standings = new Map(rows.map((row) => [keyOf(row.asker, row.id), standingIn(row)]));
  return questions.map(({ userId, roomId }) => standings.get(keyOf(userId, roomId)));
}

function standingIn(row: StandingRow): Standing {
  const { id, name, description, visibility, owner_id: ownerId, head_seq: headSeq } = row;
  const createdAt = Number(row.created_at);
  return {
    room: { id, name, description, visibility, ownerId, headSeq, createdAt },
    isMember: row.member !== null,
    isBanned: row.banned !== null,
    isOwner: ownerId === row.asker,
  };
}

function keyOf(userId: number, roomId: number): string {
  return `${userId} ${roomId}`;
}
