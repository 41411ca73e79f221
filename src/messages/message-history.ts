import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type EntityManager } from 'typeorm';
import { BatchedRead } from '../database/batched-read.js';
import { BoundValues } from '../database/bound-values.js';
import { ReadTurns } from '../database/read-turns.js';
import type { SignedMessage } from './message-view.js';
import { Message } from './message.entity.js';

/** A stretch of a room's log, oldest first, and where the log ended when it was read. */
export interface Stretch {
  readonly messages: readonly SignedMessage[];
  readonly headSeq: number;
}

/** A message as the database tells it, behind the head of its room. 64-bit integers leave some drivers as text. */
interface Row {
  readonly page: number;
  readonly room_id: number;
  readonly head_seq: number;
  /** Null in the one row of a stretch without messages, and so is all that follows. */
  readonly id: number | null;
  readonly seq: number;
  readonly user_id: number;
  readonly content: string;
  readonly client_msg_id: string | null;
  readonly reply_to: number | null;
  readonly created_at: number | string;
  readonly edited_at: number | string | null;
  readonly username: string;
}

/** A stretch of the log of a room: the `limit` places that follow `after`, or that end with `upTo` or the head. */
type Question = { readonly roomId: number; readonly limit: number } & (
  { readonly after: number } | { readonly upTo: number }
);

/** Pages of one query: the rows of all of them become objects in one turn of the event loop. */
const PAGES_AT_ONCE = 16;

/**
 * Reads the logs of rooms, always by (room, seq), in plain rows: entities would cost several times of what the
 * database does. One query answers all who ask at the same time, and those who ask for the same stretch share
 * it: the members of a room who come back together, for instance.
 *
 * A log has no holes, so a page is a range of `seq`: it is found at once at any depth.
 */
@Injectable()
export class MessageHistory {
  private readonly asked: BatchedRead<Question, Stretch>;

  constructor(@InjectRepository(Message) messages: Repository<Message>, turns: ReadTurns) {
    this.asked = new BatchedRead(turns, (questions) => readPages(messages.manager, questions), PAGES_AT_ONCE);
  }

  /** The oldest messages after `seq`. */
  after(roomId: number, seq: number, limit: number): Promise<Stretch> {
    return this.asked.ask({ roomId, limit, after: seq });
  }

  /** The newest messages before `seq`. */
  before(roomId: number, seq: number, limit: number): Promise<Stretch> {
    return this.asked.ask({ roomId, limit, upTo: seq - 1 });
  }

  latest(roomId: number, limit: number): Promise<Stretch> {
    return this.before(roomId, Number.MAX_SAFE_INTEGER, limit);
  }
}

/** Begins with the rooms, so that a stretch without messages still tells where the log ends. */
async function readPages(manager: EntityManager, questions: readonly Question[]): Promise<Stretch[]> {
  const ranges = questions.map(rangeOf);
  const keys = ranges.map((range) => range.join(' '));
  const distinct = new Map(keys.map((key, index) => [key, ranges[index] ?? []]));
  const bound = new BoundValues(manager, distinct.size);
  const asked = [...distinct.values()].map((range, page) => `(${bound.numbers(page, ...range)})`);
  const rows = await manager.query<Row[]>(
    `WITH asked (page, room_id, low, high, back) AS (VALUES ${asked.join(', ')})
     SELECT asked.page, asked.room_id, rooms.head_seq, messages.id, messages.seq, messages.user_id, messages.content,
       messages.client_msg_id, messages.reply_to, messages.created_at, messages.edited_at, users.username
     FROM asked
     JOIN rooms ON rooms.id = asked.room_id
     LEFT JOIN messages ON messages.room_id = asked.room_id AND messages.seq <= asked.high AND messages.seq >
       CASE WHEN asked.back = 0 THEN asked.low
            WHEN asked.high < rooms.head_seq THEN asked.high - asked.back
            ELSE rooms.head_seq - asked.back END
     LEFT JOIN users ON users.id = messages.user_id`,
    bound.values,
  );
  const rowsOf = asked.map((): Row[] => []);
  for (const row of rows) rowsOf[row.page]?.push(row);
  const pages = new Map([...distinct.keys()].map((key, page) => [key, stretchOf(rowsOf[page] ?? [])]));
  return keys.map((key) => pages.get(key) ?? stretchOf([]));
}

/** Room, everything above, everything up to, and how many places back from there or from the head. */
function rangeOf(question: Question): number[] {
  const { roomId, limit } = question;
  if ('upTo' in question) return [roomId, 0, question.upTo, limit];
  const high = Math.min(question.after + limit, Number.MAX_SAFE_INTEGER);
  return [roomId, question.after, high, 0];
}

function stretchOf(rows: readonly Row[]): Stretch {
  const messages = rows.flatMap((row) => (row.id === null ? [] : [signed(row, row.id)]));
  messages.sort((one, other) => one.message.seq - other.message.seq);
  return { messages, headSeq: rows[0]?.head_seq ?? 0 };
}

function signed(row: Row, id: number): SignedMessage {
  const message = {
    id,
    roomId: row.room_id,
    seq: row.seq,
    userId: row.user_id,
    content: row.content,
    clientMsgId: row.client_msg_id,
    replyTo: row.reply_to,
    createdAt: Number(row.created_at),
    editedAt: row.edited_at === null ? null : Number(row.edited_at),
  };
  return { message, username: row.username };
}
