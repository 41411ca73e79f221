import { iso } from '../database/columns.js';
import type { HistoryMessage, MessageSentFrame } from '../protocol/server-frames.js';
import type { Message } from './message.entity.js';
import type { MessageDto } from './messages.dto.js';

/** A message with the name of its author, as every answer shows it. */
export interface SignedMessage {
  readonly message: Message;
  readonly username: string;
}

/** As it stands in a history. `client_msg_id` is the author's business only. */
export function inHistory(
  { message, username }: SignedMessage,
  readerId: number | undefined,
): HistoryMessage {
  const { id, seq, content, userId, createdAt, replyTo, editedAt, clientMsgId } = message;
  return {
    id,
    seq,
    content,
    user_id: userId,
    username,
    timestamp: iso(createdAt),
    reply_to: replyTo,
    edited_at: editedAt === null ? null : iso(editedAt),
    ...(clientMsgId !== null && readerId === userId ? { client_msg_id: clientMsgId } : {}),
  };
}

/** As it is fanned out. Without a reader it is what everybody but the author gets. */
export function asFrame(signed: SignedMessage, readerId: number | undefined): MessageSentFrame {
  return { type: 'message', room_id: signed.message.roomId, ...inHistory(signed, readerId) };
}

/** As REST shows it. */
export function asDto(signed: SignedMessage, readerId: number): MessageDto {
  const { message } = signed;
  return { ...inHistory(signed, readerId), room_id: message.roomId, created_at: iso(message.createdAt) };
}
