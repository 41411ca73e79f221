import { AppError } from '../errors/app-error.js';
import { muted, refusalOf } from '../rooms/room-capabilities.js';
import type { Draft } from './draft.js';
import type { Outcome } from './message-store.js';
import type { Message } from './message.entity.js';

interface Refused {
  readonly why: 'refused';
  readonly is_private: boolean;
  readonly is_member: boolean;
  readonly is_owner: boolean;
  readonly is_muted: boolean;
  readonly muted_until: number | null;
}

interface Retry {
  readonly why: 'retry';
  readonly id: number;
  readonly seq: number;
  readonly content: string;
  readonly reply_to: number | null;
  readonly created_at: number;
  readonly edited_at: number | null;
}

/** What the function `append_messages` says of a draft: the id and `seq` of what it has stored, or why it has not. */
type Told =
  readonly [id: number, seq: number] | Refused | Retry | { readonly why: 'no_room' | 'no_answered' | 'twin' };

/** @param createdAt what the function was given for it, in milliseconds */
export function parseOutcomes(text: string, drafts: readonly Draft[], createdAt: number): Outcome[] {
  const told = JSON.parse(text) as readonly Told[];
  const stored = new Map<string, Message>();
  return drafts.map((draft, index): Outcome => {
    const one = told[index];
    if (one === undefined) throw new Error('A batch of messages has too few outcomes.');
    if (!('why' in one)) {
      const [id, seq] = one;
      const message = { ...messageOf(draft), id, seq, createdAt, editedAt: null };
      if (draft.clientMsgId !== null) stored.set(keyOf(draft), message);
      return { message, isDuplicate: false };
    }
    switch (one.why) {
      case 'no_room':
        return new AppError('room_not_found');
      case 'refused':
        return reasonOf(one);
      case 'no_answered':
        return new AppError('reply_not_found');
      case 'retry':
        return { message: originalIn(one, draft), isDuplicate: true };
      case 'twin':
        return twinOf(stored.get(keyOf(draft)));
    }
  });
}

function messageOf({ roomId, userId, content, clientMsgId, replyTo }: Draft) {
  return { roomId, userId, content, clientMsgId, replyTo };
}

function originalIn(told: Retry, { roomId, userId, clientMsgId }: Draft): Message {
  const { id, seq, content, reply_to: replyTo, created_at: createdAt, edited_at: editedAt } = told;
  return { id, roomId, seq, userId, content, clientMsgId, replyTo, createdAt, editedAt };
}

/** The same message, earlier in the batch. */
function twinOf(message: Message | undefined): Outcome {
  return message ? { message, isDuplicate: true } : new AppError('internal');
}

/** A mute that has ended since the database looked has still refused the message. */
function reasonOf({ is_private, is_member, is_owner, is_muted, muted_until }: Refused): AppError {
  const mutedUntil = is_muted ? (muted_until ?? Infinity) : 0;
  const role = is_owner ? 'owner' : is_member ? 'member' : null;
  const standing = { isPrivate: is_private, isMember: is_member, role, mutedUntil } as const;
  return refusalOf(standing, 'send') ?? muted(mutedUntil);
}

function keyOf({ roomId, userId, clientMsgId }: Draft): string {
  return `${roomId} ${userId} ${clientMsgId ?? ''}`;
}
