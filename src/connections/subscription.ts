import { AppError } from '../errors/app-error.js';
import { errorFrame } from '../protocol/encode-frame.js';
import type { EntriesEnvelope, Entry, FrameEnvelope } from './broker/envelope.js';
import type { BacklogPage, CatchUp, Cursor } from './catch-up.js';
import type { Connection } from './connection.js';
import { HeldFrames, isEntry, type Live } from './held-frames.js';
import type { Topic } from './topics.js';
import type { Urgency } from './write-turns.js';

/**
 * A connection listens to a topic.
 *
 * It is behind its log until {@link catchUp} has brought it to the head, page by page. What is published
 * while a page is read is held back and follows the last page; what is published between two reads is found
 * by the next one. So there is no seam: a message is in a page, or it was published after the last page was
 * asked for.
 *
 * Once live, every message is the next one, or it was sent already, or one is missing; then the log is asked
 * again. A lost envelope costs a read, never a hole.
 */
export class Subscription {
  ended = false;
  /**
   * Until when the listener may not speak here, in milliseconds since the epoch. Nothing until it is known: it is
   * looked up behind the beginning of the subscription, and what is told meanwhile is newer.
   */
  silencedUntil: number | undefined;
  /** What to do when a message is missing between the newest that was sent and one that arrives. */
  onHole: () => void = () => undefined;
  /** What waits for the backlog; nothing once live. */
  private held: HeldFrames | undefined;
  /** The newest `seq` that was sent, in the backlog or live. Nothing up to it is sent again. */
  private sent = 0;

  constructor(
    readonly connection: Connection,
    readonly topic: Topic,
  ) {
    this.held = new HeldFrames(connection);
  }

  get sentUpTo(): number {
    return this.sent;
  }

  /** Ended also when the socket closed: there is nobody to send to. */
  get isOver(): boolean {
    return this.ended || !this.connection.isOpen;
  }

  /** Not behind its log any more: what is published is sent at once. */
  get isLive(): boolean {
    return this.held === undefined && !this.isOver;
  }

  get readerId(): number | undefined {
    return this.connection.user?.id;
  }

  end(): void {
    this.ended = true;
    this.held?.clear();
  }

  receive(envelope: FrameEnvelope, urgency: Urgency): void {
    if (!this.isOver) this.pass(envelope, urgency);
  }

  /** Entries that are the next for somebody who has written none of them leave as they are, all at once. */
  receiveEntries({ entries, joined }: EntriesEnvelope, isAuthor: boolean, urgency: Urgency): void {
    if (this.isOver) return;
    const first = entries[0];
    if (!this.held && !isAuthor && first?.seq === this.sent + 1) {
      this.sent += entries.length;
      this.connection.deliver(joined, { urgency });
      return;
    }
    for (const entry of entries) this.pass(entry, urgency);
  }

  /**
   * Sends what was missed, everything after the cursor or the newest page when there is none, then goes
   * live. A page waits until the one before has left the process, whichever room of the connection that was
   * for: however much somebody has missed, it costs one page.
   */
  async catchUp(source: CatchUp, cursor: Cursor | undefined): Promise<void> {
    let next: Cursor | undefined = cursor;
    let isBehind = true;
    while (isBehind && !this.isOver) {
      isBehind = await this.connection.takeTurn(async () => {
        if (this.isOver) return false;
        this.held ??= new HeldFrames(this.connection);
        this.held.begin();
        const page = await this.read(source, next);
        if (!page || this.isOver) return false;
        next = { after: page.upTo };
        return this.sendPage(page);
      });
    }
  }

  /** Falls back behind the log: what is missing is read, and what comes meanwhile waits. */
  private fallBehind(): void {
    this.held = new HeldFrames(this.connection);
  }

  /** Nothing when the subscription has ended meanwhile: whoever has left a room hears of no gap in it. */
  private async read(source: CatchUp, cursor: Cursor | undefined): Promise<BacklogPage | undefined> {
    if (cursor === undefined) return source.latest(this.topic, this.readerId);
    try {
      return await source.after(this.topic, cursor, this.readerId);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'gap') throw error;
      if (this.isOver) return undefined;
      this.connection.send(errorFrame(error, undefined));
      return source.latest(this.topic, this.readerId);
    }
  }

  /** Whether another page has to follow: one that is in the log already, or what was too much to hold. */
  private sendPage({ frame, upTo }: BacklogPage): boolean {
    const isBehind = frame.has_more || this.held?.overflowed === true;
    this.connection.sendPage({ ...frame, has_more: isBehind });
    this.sent = upTo;
    if (isBehind) this.held?.wait();
    else this.goLive();
    return isBehind;
  }

  private goLive(): void {
    const held = this.held?.take() ?? [];
    this.held = undefined;
    for (const live of held) this.pass(live, 'soon');
  }

  private pass(live: Live, urgency: Urgency): void {
    if (this.held) this.held.offer(live);
    else if (isEntry(live)) this.deliverEntry(live, urgency);
    else this.deliver(live, urgency);
  }

  private deliverEntry({ seq, frame, own }: Entry, urgency: Urgency): void {
    // Read from the log before its envelope arrived: it is published after its commit.
    if (seq <= this.sent) return;
    if (seq > this.sent + 1) {
      this.fallBehind();
      return this.onHole();
    }
    this.sent = seq;
    const isOwn = own !== undefined && own.userId === this.readerId;
    this.connection.deliver(isOwn ? own.frame : frame, { urgency });
  }

  private deliver({ frame, exceptUser, ephemeral }: FrameEnvelope, urgency: Urgency): void {
    if (exceptUser !== undefined && exceptUser === this.readerId) return;
    this.connection.deliver(frame, { ephemeral: ephemeral === true, urgency });
  }
}
