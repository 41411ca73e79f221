import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { Broker } from '../connections/broker/broker.js';
import { entriesEnvelope } from '../connections/broker/envelope.js';
import { roomTopic } from '../connections/topics.js';
import { AppError } from '../errors/app-error.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { HISTORY_DEFAULT } from '../protocol/limits.js';
import { RoomAccess } from '../rooms/room-access.js';
import { TypingService } from '../rooms/typing.service.js';
import { MessageHistory, type Stretch } from './message-history.js';
import { MessageLog } from './message-log.js';
import type { Appended } from './message-store.js';
import { entryOf } from './encode-message.js';
import type { SignedMessage } from './message-view.js';
import type { MessagesQuery } from './messages.dto.js';
import { SendBudget } from './send-budget.js';

/** What a client wants to say, through whichever door it came. */
export interface Outgoing {
  readonly room_id: number;
  readonly content: string;
  readonly client_msg_id?: string | null;
  readonly reply_to?: number | null;
}

@Injectable()
export class MessagesService {
  constructor(
    private readonly settings: Settings,
    private readonly access: RoomAccess,
    private readonly budget: SendBudget,
    private readonly log: MessageLog,
    private readonly history: MessageHistory,
    private readonly broker: Broker,
    private readonly typists: TypingService,
  ) {
    log.onCommitted((roomId, messages) => this.publish(roomId, messages));
  }

  /**
   * Appends a message to its room's log, then fans it out to every subscriber, the sender included.
   *
   * Commit comes first: who sees a message can always fetch it again. REST and sockets both end here. A
   * second call with the same `client_msg_id` resolves to the first call's message and publishes nothing.
   *
   * @throws AppError `room_not_found` | `not_a_member` | `muted` | `content_too_long` | `reply_not_found` |
   *   `rate_limited` | `storage_unavailable`
   */
  send(user: AuthenticatedUser, { room_id, content, client_msg_id, reply_to }: Outgoing): Promise<Appended> {
    this.budget.spend(user.id);
    this.checkLength(content);
    const draft = {
      userId: user.id,
      username: user.username,
      roomId: room_id,
      content,
      clientMsgId: client_msg_id ?? null,
      replyTo: reply_to ?? null,
    };
    return this.log.append(draft);
  }

  /** @throws AppError `room_not_found` | `not_a_member` | `invalid_input` for two places at once */
  async page(user: AuthenticatedUser, roomId: number, query: MessagesQuery): Promise<Stretch> {
    checkOnePlace(query);
    const { room } = await this.access.require(user.id, roomId, 'read');
    return this.read(roomId, room.headSeq, query);
  }

  private read(roomId: number, head: number, query: MessagesQuery): Promise<Stretch> {
    const { before, after, around, skip = 0, limit = HISTORY_DEFAULT } = query;
    if (before !== undefined) return this.history.before(roomId, before, limit);
    if (after !== undefined) return this.history.after(roomId, after, limit);
    if (around !== undefined) {
      const first = Math.max(1, around - Math.floor(limit / 2));
      return this.history.after(roomId, first - 1, limit);
    }
    return this.history.before(roomId, head - skip + 1, limit);
  }

  private publish(roomId: number, messages: readonly SignedMessage[]): void {
    for (const { message } of messages) this.typists.forget(message.userId, roomId);
    this.broker.publish(entriesEnvelope(roomTopic(roomId), messages.map(entryOf)));
  }

  /** Counts code points. Most texts are shorter than the limit even in UTF-16 units. */
  private checkLength(content: string): void {
    const { messageLength } = this.settings.limits;
    if (content.length <= messageLength) return;
    if (content.length > messageLength * 2 || [...content].length > messageLength) {
      throw new AppError('content_too_long', {
        detail: `A message has at most ${messageLength} characters.`,
      });
    }
  }
}

function checkOnePlace({ before, after, around, skip }: MessagesQuery): void {
  const places = { before, after, around, skip: skip || undefined };
  const given = Object.entries(places).filter(([, value]) => value !== undefined);
  if (given.length <= 1) return;
  const errors = given.map(([field]) => ({ field, message: `${field} excludes the other places` }));
  throw new AppError('invalid_input', { errors });
}
