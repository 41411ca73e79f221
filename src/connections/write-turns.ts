import { Injectable, Logger } from '@nestjs/common';
import type { EncodedFrame } from '../protocol/encode-frame.js';

/** A socket that has something to send. */
export interface Sender {
  /** What waits; nothing waits after. */
  take(): readonly EncodedFrame[];
  write(bytes: EncodedFrame): void;
  writeEach(frames: readonly EncodedFrame[]): void;
  /** Ends the socket: it cannot be written to. */
  giveUp(): void;
}

/**
 * `soon` is what concerns a socket itself or a small room; `bulk` is what goes to a large one, where the last
 * socket waits for the writes to all others anyway.
 */
export type Urgency = 'soon' | 'bulk';

/** Milliseconds of writes before the event loop goes round: reads, commits and heartbeats do not wait longer. */
const SLICE = 4;
/** Writes to sockets of one urgency before the other has its turn, and before the clock is looked at. */
const STRIDE = 16;

/**
 * Gives each socket that has something to send one write in a turn of the event loop, however many frames wait
 * for it: a write costs the kernel ten times what it costs to hand a frame around.
 *
 * When there is more to write than fits into a slice, sockets take turns. Frames that come meanwhile join those
 * that wait, so that under load the writes become larger instead of more. Small rooms are served beside large
 * ones, half of the writes for each, so that a hot room slows nobody else down.
 */
@Injectable()
export class WriteTurns {
  private readonly logger = new Logger('Writes');
  private readonly soon = new Line();
  private readonly bulk = new Line();
  private readonly joint = new JointWrite();
  private isScheduled = false;
  private readonly run = (): void => this.writeSlice();

  /** The sender is asked for what it has when its turn comes. One that has sent it before has nothing then. */
  add(sender: Sender, urgency: Urgency): void {
    (urgency === 'soon' ? this.soon : this.bulk).push(sender);
    this.schedule();
  }

  /** Behind the events that are ready now: what they bring leaves with the same writes. */
  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(this.run);
  }

  private writeSlice(): void {
    // First, so that whoever is added while others write has a turn for sure.
    this.isScheduled = false;
    const end = performance.now() + SLICE;
    let isMore: boolean;
    do {
      const isMoreSoon = this.writeSome(this.soon);
      const isMoreBulk = this.writeSome(this.bulk);
      isMore = isMoreSoon || isMoreBulk;
    } while (isMore && performance.now() < end);
    this.joint.forget();
    if (isMore) this.schedule();
  }

  /** Whether there are more after these. */
  private writeSome(line: Line): boolean {
    for (let count = 0; count < STRIDE; count += 1) {
      const sender = line.shift();
      if (!sender) return false;
      this.write(sender);
    }
    return true;
  }

  /** One broken socket must not keep the others from their turn. */
  private write(sender: Sender): void {
    try {
      this.joint.write(sender);
    } catch (error) {
      this.logger.error(error);
      sender.giveUp();
    }
  }
}

/** First in, first out; the front is taken without moving what is behind it. */
class Line {
  private front: Sender[] = [];
  private back: Sender[] = [];
  private taken = 0;

  push(sender: Sender): void {
    this.back.push(sender);
  }

  shift(): Sender | undefined {
    if (this.taken === this.front.length) {
      this.front = this.back;
      this.back = [];
      this.taken = 0;
    }
    const sender = this.front[this.taken];
    if (sender) this.taken += 1;
    return sender;
  }
}

/**
 * Sockets of one room mostly wait for the same frames. The second one that does has them joined, and all that
 * follow share these bytes: the joining is paid once, and a single buffer is the cheapest write there is.
 */
class JointWrite {
  private frames: readonly EncodedFrame[] = [];
  private joined: EncodedFrame | undefined;

  write(sender: Sender): void {
    const frames = sender.take();
    const [first] = frames;
    if (first === undefined) return;
    if (frames.length === 1) return sender.write(first);
    if (this.isSame(frames)) {
      this.joined ??= Buffer.concat(frames);
      return sender.write(this.joined);
    }
    this.frames = frames;
    this.joined = undefined;
    sender.writeEach(frames);
  }

  /** Keeps no bytes longer than they are useful. */
  forget(): void {
    this.frames = [];
    this.joined = undefined;
  }

  private isSame(frames: readonly EncodedFrame[]): boolean {
    return (
      frames.length === this.frames.length && frames.every((frame, index) => frame === this.frames[index])
    );
  }
}
