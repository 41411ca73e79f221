import type { Entry } from '../connections/broker/envelope.js';
import { iso } from '../database/columns.js';
import { encodeText, type EncodedFrame } from '../protocol/encode-frame.js';
import type { SignedMessage } from './message-view.js';

/**
 * The `message` frame of a message, as {@link asFrame} has it: byte for byte what JSON makes of that, which a
 * test compares. Written out, because it is made for every message and building the object first costs three
 * times as much, most of it as garbage.
 *
 * @param readerId who reads it; without a reader it is what everybody but the author gets
 */
export function encodeMessage(
  { message, username }: SignedMessage,
  readerId: number | undefined,
): EncodedFrame {
  const { id, seq, roomId, userId, content, createdAt, editedAt, replyTo, clientMsgId } = message;
  const own =
    clientMsgId !== null && readerId === userId ? `,"client_msg_id":${JSON.stringify(clientMsgId)}` : '';
  return encodeText(
    `{"type":"message","room_id":${roomId},"id":${id},"seq":${seq},"content":${JSON.stringify(content)}` +
      `,"user_id":${userId},"username":${JSON.stringify(username)},"timestamp":"${iso(createdAt)}"` +
      `,"reply_to":${replyTo},"edited_at":${editedAt === null ? 'null' : `"${iso(editedAt)}"`}${own}}`,
  );
}

/** The author's sockets also get the `client_msg_id`, to tell the message from one still on its way. */
export function entryOf(signed: SignedMessage): Entry {
  const { seq, userId, clientMsgId } = signed.message;
  const frame = encodeMessage(signed, undefined);
  if (clientMsgId === null) return { seq, frame };
  return { seq, frame, own: { userId, frame: encodeMessage(signed, userId) } };
}
