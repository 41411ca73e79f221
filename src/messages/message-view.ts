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
  const shown: HistoryMessage = {
    id,
    seq,
    content,
    user_id: userId,
    username,
    timestamp: iso(createdAt),
    reply_to: replyTo,
    edited_at: editedAt === null ? null : iso(editedAt),
  };
  if (clientMsgId !== null && readerId === userId) shown.client_msg_id = clientMsgId;
  return shown;
}

/** As it is fanned out. Without a reader it is what everybody but the author gets. */
export function asFrame(signed: SignedMessage, readerId: number | undefined): MessageSentFrame {
  return { type: 'message', room_id: signed.message.roomId, ...inHistory(signed, readerId) };
}

/** As REST shows it. Written out: a spread of what a history shows takes ten times as long, for each of a page. */
export function asDto({ message, username }: SignedMessage, readerId: number): MessageDto {
  const { id, seq, content, userId, roomId, createdAt, replyTo, editedAt, clientMsgId } = message;
  const timestamp = iso(createdAt);
  const shown: MessageDto = {
    id,
    seq,
    content,
    user_id: userId,
    username,
    timestamp,
    reply_to: replyTo,
    edited_at: editedAt === null ? null : iso(editedAt),
    room_id: roomId,
    created_at: timestamp,
  };
  if (clientMsgId !== null && readerId === userId) shown.client_msg_id = clientMsgId;
  return shown;
}
