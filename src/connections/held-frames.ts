import type { FrameEnvelope } from './broker/envelope.js';

/** Envelopes that one subscription holds back. */
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
  private envelopes: FrameEnvelope[] = [];

  constructor(private readonly holder: Holder) {}

  /** A page is about to be read. */
  begin(): void {
    this.isReading = true;
    this.overflowed = false;
  }

  /** Another page follows: the messages that are held here will be in it. */
  wait(): void {
    this.isReading = false;
    this.keepOnly(({ seq }) => seq === undefined);
  }

  offer(envelope: FrameEnvelope): void {
    const isLogged = envelope.seq !== undefined;
    if (isLogged ? !this.isReading || this.overflowed : envelope.ephemeral) return;
    const size = envelope.frame.length;
    if (this.envelopes.length < MAX_HELD && this.holder.heldBytes + size <= MAX_HELD_BYTES) {
      this.envelopes.push(envelope);
      this.holder.heldBytes += size;
    } else if (isLogged) {
      this.overflowed = true;
      this.keepOnly(({ seq }) => seq === undefined);
    } else {
      this.holder.droppedFrames += 1;
    }
  }

  /** Everything that was held, in the order in which it came. */
  take(): FrameEnvelope[] {
    const envelopes = this.envelopes;
    this.clear();
    return envelopes;
  }

  clear(): void {
    this.isReading = false;
    this.keepOnly(() => false);
  }

  private keepOnly(isKept: (envelope: FrameEnvelope) => boolean): void {
    const kept = this.envelopes.filter(isKept);
    this.holder.heldBytes += sizeOf(kept) - sizeOf(this.envelopes);
    this.envelopes = kept;
  }
}

function sizeOf(envelopes: readonly FrameEnvelope[]): number {
  return envelopes.reduce((sum, { frame }) => sum + frame.length, 0);
}
