import { Injectable } from '@nestjs/common';
import type { BacklogPage, CatchUp } from '../connections/catch-up.js';
import { roomOf, type Topic } from '../connections/topics.js';
import { AppError } from '../errors/app-error.js';
import { CATCH_UP_PAGE, HISTORY_DEFAULT } from '../protocol/limits.js';
import { MessageHistory } from './message-history.js';
import { inHistory, type SignedMessage } from './message-view.js';

/** UTF-16 units of content in one page: what a page costs must not depend on how long people write. */
const PAGE_CONTENT = 128 * 1024;

/** What subscribers of a room have missed, from its log. */
@Injectable()
export class RoomCatchUp implements CatchUp {
  constructor(private readonly history: MessageHistory) {}

  async latest(topic: Topic, readerId: number | undefined): Promise<BacklogPage> {
    const roomId = roomIdOf(topic);
    const newest = await this.history.latest(roomId, HISTORY_DEFAULT);
    const page = fitting(newest);
    return this.page(roomId, page, { readerId, cursor: 0, hasMore: page.length < newest.length });
  }

  async after(topic: Topic, cursor: number, readerId: number | undefined): Promise<BacklogPage> {
    const roomId = roomIdOf(topic);
    const missed = await this.history.after(roomId, cursor, CATCH_UP_PAGE + 1);
    const page = fitting(missed.slice(0, CATCH_UP_PAGE));
    const result = await this.page(roomId, page, {
      readerId,
      cursor,
      hasMore: page.length < missed.length,
    });
    const { head_seq } = result.frame;
    if (cursor > head_seq) {
      throw new AppError('gap', { facts: { room_id: roomId, after_seq: cursor, head_seq } });
    }
    return result;
  }

  private async page(
    roomId: number,
    messages: SignedMessage[],
    { readerId, cursor, hasMore }: { readerId: number | undefined; cursor: number; hasMore: boolean },
  ): Promise<BacklogPage> {
    const head = await this.history.headOf(roomId);
    return {
      upTo: messages.at(-1)?.message.seq ?? cursor,
      frame: {
        type: 'message_history',
        room_id: roomId,
        messages: messages.map((signed) => inHistory(signed, readerId)),
        head_seq: head,
        has_more: hasMore,
      },
    };
  }
}

/** As many messages from the front as fit a page, and at least one. */
function fitting(messages: SignedMessage[]): SignedMessage[] {
  let size = 0;
  const end = messages.findIndex(({ message }, index) => {
    size += message.content.length;
    return index > 0 && size > PAGE_CONTENT;
  });
  return end === -1 ? messages : messages.slice(0, end);
}

function roomIdOf(topic: Topic): number {
  const roomId = roomOf(topic);
  if (roomId === undefined) throw new Error(`${topic} has no log.`);
  return roomId;
}
