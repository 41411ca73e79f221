import type { Entry, FrameEnvelope } from './broker/envelope.js';

/** What a subscription gets: an entry of the log, or a frame that is in none. */
export type Live = Entry | FrameEnvelope;

/** Frames that one subscription holds back. */
const MAX_HELD = 256;
/** Bytes of frames that one connection holds back, over all its subscriptions. */
const MAX_HELD_BYTES = 256 * 1024;

/** Who pays for what is held: a connection has one budget, however many rooms it catches up with. */
export interface Holder {
  heldBytes: number;
  droppedFrames: number;
}

/**
 * Live frames that wait until a subscription has caught up with its log.
 *
 * Messages are kept only while a page is read: at any other time the next read finds them in the log. Too
 * many of them is an overflow, and they are read instead. Frames that are in no log are kept within the
 * bound; what does not fit is dropped and counted. Ephemeral ones would be out of date by then.
 */
export class HeldFrames {
  overflowed = false;
  private isReading = false;
  private frames: Live[] = [];

  constructor(private readonly holder: Holder) {}

  /** A page is about to be read. */
  begin(): void {
    this.isReading = true;
    this.overflowed = false;
  }

  /** Another page follows: the messages that are held here will be in it. */
  wait(): void {
    this.isReading = false;
    this.keepOnly((live) => !isEntry(live));
  }

  offer(live: Live): void {
    const isLogged = isEntry(live);
    if (isLogged ? !this.isReading || this.overflowed : live.ephemeral) return;
    const size = live.frame.length;
    if (this.frames.length < MAX_HELD && this.holder.heldBytes + size <= MAX_HELD_BYTES) {
      this.frames.push(live);
      this.holder.heldBytes += size;
    } else if (isLogged) {
      this.overflowed = true;
      this.keepOnly((held) => !isEntry(held));
    } else {
      this.holder.droppedFrames += 1;
    }
  }

  /** Everything that was held, in the order in which it came. */
  take(): Live[] {
    const { frames } = this;
    this.clear();
    return frames;
  }

  clear(): void {
    this.isReading = false;
    this.keepOnly(() => false);
  }

  private keepOnly(isKept: (live: Live) => boolean): void {
    const kept = this.frames.filter(isKept);
    this.holder.heldBytes += sizeOf(kept) - sizeOf(this.frames);
    this.frames = kept;
  }
}

export function isEntry(live: Live): live is Entry {
  return 'seq' in live;
}

function sizeOf(frames: readonly Live[]): number {
  return frames.reduce((sum, { frame }) => sum + frame.length, 0);
}
