import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type EntityManager } from 'typeorm';
import { BatchedRead } from '../database/batched-read.js';
import type { SignedMessage } from './message-view.js';
import { Message } from './message.entity.js';

/** A stretch of a room's log, oldest first, and where the log ended when it was read. */
export interface Stretch {
  readonly messages: readonly SignedMessage[];
  readonly headSeq: number;
}

/** A message as the database tells it, behind the head of its room. 64-bit integers leave some drivers as text. */
interface Row {
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

interface Question {
  readonly roomId: number;
  readonly sql: string;
}

/** Pages that are read at once: the rows of all of them become objects in one turn of the event loop. */
const PAGES_AT_ONCE = 16;

/**
 * Reads the logs of rooms, always by (room, seq). One plain query for each stretch: entities would cost several
 * times of what the database does, and its rows cost more than the rest of a request. So those who ask for the
 * same stretch at the same time share it: the members of a room who come back together, for instance.
 */
@Injectable()
export class MessageHistory {
  private readonly asked: BatchedRead<Question, Stretch>;

  constructor(@InjectRepository(Message) messages: Repository<Message>) {
    this.asked = new BatchedRead((questions) => readPages(messages.manager, questions), PAGES_AT_ONCE);
  }

  /** The oldest messages after `seq`. */
  after(roomId: number, seq: number, limit: number): Promise<Stretch> {
    return this.read(roomId, `messages.seq > ${seq}`, `messages.seq ASC LIMIT ${limit}`);
  }

  /** The newest messages before `seq`. */
  async before(roomId: number, seq: number, limit: number): Promise<Stretch> {
    const newestFirst = await this.read(roomId, `messages.seq < ${seq}`, `messages.seq DESC LIMIT ${limit}`);
    return { messages: newestFirst.messages.toReversed(), headSeq: newestFirst.headSeq };
  }

  latest(roomId: number, limit: number): Promise<Stretch> {
    return this.before(roomId, Number.MAX_SAFE_INTEGER, limit);
  }

  /** Begins with the room, so that a stretch without messages still tells where the log ends. */
  private read(roomId: number, place: string, order: string): Promise<Stretch> {
    const sql = `SELECT rooms.head_seq, messages.id, messages.seq, messages.user_id, messages.content,
         messages.client_msg_id, messages.reply_to, messages.created_at, messages.edited_at, users.username
       FROM rooms
       LEFT JOIN messages ON messages.room_id = rooms.id AND ${place}
       LEFT JOIN users ON users.id = messages.user_id
       WHERE rooms.id = ${roomId} ORDER BY ${order}`;
    return this.asked.ask({ roomId, sql });
  }
}

function readPages(manager: EntityManager, questions: readonly Question[]): Promise<Stretch[]> {
  const pages = new Map<string, Promise<Stretch>>();
  for (const { roomId, sql } of questions) {
    if (!pages.has(sql)) pages.set(sql, readPage(manager, roomId, sql));
  }
  return Promise.all(questions.flatMap(({ sql }) => pages.get(sql) ?? []));
}

async function readPage(manager: EntityManager, roomId: number, sql: string): Promise<Stretch> {
  const rows = await manager.query<Row[]>(sql);
  const messages = rows.flatMap((row) => (row.id === null ? [] : [signed(row, row.id, roomId)]));
  return { messages, headSeq: rows[0]?.head_seq ?? 0 };
}

function signed(row: Row, id: number, roomId: number): SignedMessage {
  const message = {
    id,
    roomId,
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
