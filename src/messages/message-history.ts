import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { SignedMessage } from './message-view.js';
import { Message } from './message.entity.js';

/** A stretch of a room's log, oldest first, and where the log ended when it was read. */
export interface Stretch {
  readonly messages: SignedMessage[];
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

/**
 * Reads the logs of rooms, always by (room, seq). One plain query for each stretch: entities would cost several
 * times of what the database does.
 */
@Injectable()
export class MessageHistory {
  constructor(@InjectRepository(Message) private readonly messages: Repository<Message>) {}

  /** The oldest messages after `seq`. */
  after(roomId: number, seq: number, limit: number): Promise<Stretch> {
    return this.read(roomId, `messages.seq > ${seq}`, `messages.seq ASC LIMIT ${limit}`);
  }

  /** The newest messages before `seq`. */
  async before(roomId: number, seq: number, limit: number): Promise<Stretch> {
    const { messages, headSeq } = await this.read(
      roomId,
      `messages.seq < ${seq}`,
      `messages.seq DESC LIMIT ${limit}`,
    );
    return { messages: messages.reverse(), headSeq };
  }

  latest(roomId: number, limit: number): Promise<Stretch> {
    return this.before(roomId, Number.MAX_SAFE_INTEGER, limit);
  }

  /** Begins with the room, so that a stretch without messages still tells where the log ends. */
  private async read(roomId: number, place: string, order: string): Promise<Stretch> {
    const rows = await this.messages.manager.query<Row[]>(
      `SELECT rooms.head_seq, messages.id, messages.seq, messages.user_id, messages.content,
         messages.client_msg_id, messages.reply_to, messages.created_at, messages.edited_at, users.username
       FROM rooms
       LEFT JOIN messages ON messages.room_id = rooms.id AND ${place}
       LEFT JOIN users ON users.id = messages.user_id
       WHERE rooms.id = ${roomId} ORDER BY ${order}`,
    );
    const headSeq = rows[0]?.head_seq ?? 0;
    return {
      messages: rows.flatMap((row) => (row.id === null ? [] : [signed(row, row.id, roomId)])),
      headSeq,
    };
  }
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
