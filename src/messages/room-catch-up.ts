import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import type { BacklogPage, CatchUp, Cursor } from '../connections/catch-up.js';
import { roomOf, type Topic } from '../connections/topics.js';
import { AppError } from '../errors/app-error.js';
import { CATCH_UP_PAGE, HISTORY_DEFAULT } from '../protocol/limits.js';
import { LogEpochs } from './log-epochs.js';
import { MessageHistory } from './message-history.js';
import { inHistory, type SignedMessage } from './message-view.js';

/** UTF-16 units of content in one page at most: what a page costs must not depend on how long people write. */
const PAGE_CONTENT = 128 * 1024;

interface PageFacts {
  readonly readerId: number | undefined;
  /** From before the page was read: what is read in an epoch is in its log. */
  readonly epoch: string;
  /** Where the page begins. */
  readonly after: number;
  readonly headSeq: number;
  readonly hasMore: boolean;
}

/** What subscribers of a room have missed, from its log. */
@Injectable()
export class RoomCatchUp implements CatchUp {
  private readonly pageContent: number;

  constructor(
    settings: Settings,
    private readonly history: MessageHistory,
    private readonly epochs: LogEpochs,
  ) {
    // A page that fills what may wait for a socket would get it closed by the next live frame.
    this.pageContent = Math.min(PAGE_CONTENT, settings.limits.waitingBytes / 8);
  }

  get epoch(): string {
    return this.epochs.current;
  }

  async latest(topic: Topic, readerId: number | undefined): Promise<BacklogPage> {
    const roomId = roomIdOf(topic);
    const { epoch } = this;
    const { messages, headSeq } = await this.history.latest(roomId, HISTORY_DEFAULT);
    const page = this.fitting(messages);
    const hasMore = page.length < messages.length;
    return this.page(roomId, page, { readerId, epoch, after: 0, headSeq, hasMore });
  }

  /** The message at the place of the client is read with those that it has missed, to see whether it is the same. */
  async after(topic: Topic, cursor: Cursor, readerId: number | undefined): Promise<BacklogPage> {
    const roomId = roomIdOf(topic);
    const { after } = cursor;
    const seen = after > 0 ? 1 : 0;
    const { epoch } = this;
    const { messages, headSeq } = await this.history.after(roomId, after - seen, CATCH_UP_PAGE + seen + 1);
    if (seen > 0 && !(await this.isPlace(cursor, messages[0]))) {
      throw new AppError('gap', { facts: { room_id: roomId, after_seq: after, head_seq: headSeq } });
    }
    const missed = messages.slice(seen);
    const page = this.fitting(missed.slice(0, CATCH_UP_PAGE));
    return this.page(roomId, page, { readerId, epoch, after, headSeq, hasMore: page.length < missed.length });
  }

  /** Whether what the client has up to its place is what this log has up to there. */
  private async isPlace({ after, epoch }: Cursor, found: SignedMessage | undefined): Promise<boolean> {
    if (found?.message.seq !== after) return false;
    return epoch === undefined || this.epochs.hasSeen(epoch, found.message.id);
  }

  private page(
    roomId: number,
    messages: readonly SignedMessage[],
    { readerId, epoch, after, headSeq, hasMore }: PageFacts,
  ): BacklogPage {
    return {
      upTo: messages.at(-1)?.message.seq ?? after,
      frame: {
        type: 'message_history',
        room_id: roomId,
        messages: messages.map((signed) => inHistory(signed, readerId)),
        head_seq: headSeq,
        epoch,
        has_more: hasMore,
      },
    };
  }

  /** As many messages from the front as fit a page, and at least one. */
  private fitting(messages: readonly SignedMessage[]): readonly SignedMessage[] {
    let size = 0;
    const end = messages.findIndex(({ message }, index) => {
      size += message.content.length;
      return index > 0 && size > this.pageContent;
    });
    return end === -1 ? messages : messages.slice(0, end);
  }
}

function roomIdOf(topic: Topic): number {
  const roomId = roomOf(topic);
  if (roomId === undefined) throw new Error(`${topic} has no log.`);
  return roomId;
}
