import { AppError } from '../errors/app-error.js';
import { errorFrame } from '../protocol/encode-frame.js';
import type { FrameEnvelope } from './broker/envelope.js';
import type { BacklogPage, CatchUp } from './catch-up.js';
import type { Connection } from './connection.js';
import type { Topic } from './topics.js';

/** Live frames kept while the backlog is read. Beyond it they are forgotten and read from the log again. */
const MAX_HELD = 256;

/**
 * A connection listens to a topic.
 *
 * It starts by holding live frames back. {@link catchUp} sends the backlog from the log, then what was held
 * beyond it, then lets live frames through. There is no seam: what is not in the backlog was committed, and
 * so published, after the subscription began; what is in it is not sent again.
 */
export class Subscription {
  /** Frames held back, or nothing once live. */
  private held: FrameEnvelope[] | undefined = [];
  private overflowed = false;
  /** The newest `seq` that was sent, in the backlog or live. Nothing up to it is sent again. */
  private sentUpTo = 0;
  ended = false;

  constructor(
    readonly connection: Connection,
    readonly topic: Topic,
  ) {}

  /** Ended also when the socket closed: there is nobody to send to. */
  private get isOver(): boolean {
    return this.ended || !this.connection.isOpen;
  }

  private get readerId(): number | undefined {
    return this.connection.user?.id;
  }

  receive(envelope: FrameEnvelope): void {
    if (this.held === undefined) {
      this.deliver(envelope);
    } else if (this.held.length < MAX_HELD) {
      this.held.push(envelope);
    } else {
      this.overflowed = true;
    }
  }

  /**
   * Sends what was missed, everything after the cursor or the newest page when there is none, then goes
   * live. A page waits until the one before has left the process, so that a slow reader costs one page.
   */
  async catchUp(source: CatchUp, after: number | undefined): Promise<void> {
    let page = await this.firstPage(source, after);
    while (!this.isOver && (page.frame.has_more || this.overflowed)) {
      if (this.overflowed) this.holdAnew();
      await this.connection.sendAndFlush({ ...page.frame, has_more: true });
      page = await source.after(this.topic, page.upTo, this.readerId);
    }
    if (this.isOver) return;
    this.connection.send(page.frame);
    this.goLive(page.upTo);
  }

  private async firstPage(source: CatchUp, after: number | undefined): Promise<BacklogPage> {
    if (after === undefined) return source.latest(this.topic, this.readerId);
    try {
      return await source.after(this.topic, after, this.readerId);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'gap') throw error;
      this.connection.send(errorFrame(error, undefined));
      return source.latest(this.topic, this.readerId);
    }
  }

  /** What did not fit is in the log behind the page that is sent next. */
  private holdAnew(): void {
    this.overflowed = false;
    this.held = [];
  }

  private goLive(sentUpTo: number): void {
    const held = this.held ?? [];
    this.held = undefined;
    this.sentUpTo = sentUpTo;
    for (const envelope of held) this.deliver(envelope);
  }

  /**
   * A message can be read from the log before its envelope arrives, because it is published after its
   * commit; the envelope is then late, even when the subscription is live.
   */
  private wasSent(seq: number | undefined): boolean {
    if (seq === undefined) return false;
    if (seq <= this.sentUpTo) return true;
    this.sentUpTo = seq;
    return false;
  }

  private deliver(envelope: FrameEnvelope): void {
    if (this.isOver || this.wasSent(envelope.seq)) return;
    const { readerId } = this;
    if (envelope.exceptUser !== undefined && envelope.exceptUser === readerId) return;
    const own = envelope.own !== undefined && envelope.own.userId === readerId;
    this.connection.deliver(own ? envelope.own.frame : envelope.frame, envelope.ephemeral);
  }
}
