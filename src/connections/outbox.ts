import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { EncodedFrame } from '../protocol/encode-frame.js';
import type { Sender, Urgency, WriteTurns } from './write-turns.js';

/**
 * The frames that wait for the one write which their socket gets in a turn.
 *
 * They are written straight to the stream that ws writes to, in whole frames. ws writes control frames there by
 * itself, between two of ours; without compression it keeps nothing back, so the order is that of the calls.
 * A test holds ws to it.
 */
export class Outbox implements Sender {
  private frames: EncodedFrame[] = [];
  private size = 0;
  /** Where it stands in line. */
  private urgency: Urgency | undefined;

  constructor(
    private readonly socket: WebSocket,
    private readonly wire: Duplex,
    private readonly turns: WriteTurns,
  ) {}

  /** Bytes of the frames that wait here. What the client is too slow for waits behind, in the stream. */
  get bytes(): number {
    return this.size;
  }

  put(frame: EncodedFrame, urgency: Urgency): void {
    this.frames.push(frame);
    this.size += frame.length;
    // Whoever stands in the long line changes to the short one; what is left of them there finds nothing to send.
    if (this.urgency === 'soon' || this.urgency === urgency) return;
    this.urgency = urgency;
    this.turns.add(this, urgency);
  }

  /** Writes what waits, without waiting for the turn. `done` is called when it has left the process. */
  flush(done?: () => void): void {
    const frames = this.take();
    if (frames.length === 0) return done?.();
    this.writeEach(frames, done);
  }

  /** Forgets what waits. */
  clear(): void {
    this.take();
  }

  take(): readonly EncodedFrame[] {
    const { frames } = this;
    this.frames = [];
    this.size = 0;
    this.urgency = undefined;
    return frames;
  }

  write(bytes: EncodedFrame): void {
    if (this.isOpen) this.wire.write(bytes);
  }

  /** One system call for all of them (writev), without a copy. */
  writeEach(frames: readonly EncodedFrame[], done?: () => void): void {
    if (!this.isOpen) return done?.();
    const last = frames.length - 1;
    this.wire.cork();
    for (const [index, frame] of frames.entries()) this.wire.write(frame, index === last ? done : undefined);
    this.wire.uncork();
  }

  giveUp(): void {
    this.socket.terminate();
  }

  /** Nothing follows a close frame (RFC 6455, 5.5.1), and ws may have sent one since the frame was put here. */
  private get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }
}
