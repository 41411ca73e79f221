/** A frame to be handled, then answered. */
export interface FrameJob {
  /** Never rejects: a failure is an answer too. */
  handle(): Promise<void>;
  /** Called once it is handled. Does not throw: a socket that is gone takes nothing any more. */
  answer(): void;
  /** Bytes of the frame. */
  readonly size: number;
  /** May start while frames before it that are pipelined too still wait for their commit. */
  readonly pipelined: boolean;
}

/** How many pipelined frames of one socket may wait for a commit at once. */
const MAX_IN_FLIGHT = 64;
/** Beyond this the socket is not read any further, so that its sender waits instead of our memory. */
const HIGH_WATER = 64;
const LOW_WATER = 16;
/** The same in bytes, for those who send long frames: of what waits, and of what is under way. */
const HIGH_WATER_BYTES = 256 * 1024;
const LOW_WATER_BYTES = 64 * 1024;

/** What holds the sender back. A WebSocket does. */
export interface Brake {
  pause(): void;
  resume(): void;
}

interface UnderWay {
  readonly job: FrameJob;
  isHandled: boolean;
}

/**
 * The frames of one socket, handled and answered strictly in the order in which they came.
 *
 * A frame starts when those before it are done; consecutive pipelined ones start one after the other
 * without waiting, so that a client which sends many messages shares commits with itself.
 */
export class FrameQueue {
  private readonly waiting: FrameJob[] = [];
  private readonly underWay: UnderWay[] = [];
  private waitingBytes = 0;
  private underWayBytes = 0;
  private pipelining = false;
  private stopped = false;
  private paused = false;
  /** Called when nothing is under way any more. */
  private whenIdle: (() => void)[] | undefined;

  constructor(private readonly brake: Brake) {}

  push(job: FrameJob): void {
    if (this.stopped) return;
    this.waiting.push(job);
    this.waitingBytes += job.size;
    this.start();
    if (!this.paused && (this.waiting.length > HIGH_WATER || this.waitingBytes > HIGH_WATER_BYTES)) {
      this.paused = true;
      this.brake.pause();
    }
  }

  /** Whether the sender is being held back. It cannot answer heartbeats meanwhile. */
  get isPaused(): boolean {
    return this.paused;
  }

  /** Bytes of the frames that are not answered yet. */
  get bytes(): number {
    return this.waitingBytes + this.underWayBytes;
  }

  /** Takes no more frames and forgets those that wait. Resolves when those under way are answered. */
  stop(): Promise<void> {
    this.stopped = true;
    this.waiting.length = 0;
    this.waitingBytes = 0;
    return this.idle();
  }

  /** Resolves when every frame that came so far is answered. */
  idle(): Promise<void> {
    if (this.isIdle) return Promise.resolve();
    return new Promise((resolve) => (this.whenIdle ??= []).push(resolve));
  }

  get isIdle(): boolean {
    return this.underWay.length === 0;
  }

  private start(): void {
    for (let next = this.waiting[0]; next && this.mayStart(next); next = this.waiting[0]) {
      this.waiting.shift();
      this.waitingBytes -= next.size;
      this.begin(next);
    }
    if (this.paused && this.waiting.length < LOW_WATER && this.waitingBytes < LOW_WATER_BYTES) {
      this.paused = false;
      this.brake.resume();
    }
  }

  private mayStart(job: FrameJob): boolean {
    if (this.isIdle) return true;
    const hasRoom = this.underWay.length < MAX_IN_FLIGHT && this.underWayBytes < HIGH_WATER_BYTES;
    return job.pipelined && this.pipelining && hasRoom;
  }

  private begin(job: FrameJob): void {
    const frame: UnderWay = { job, isHandled: false };
    this.underWay.push(frame);
    this.underWayBytes += job.size;
    this.pipelining = job.pipelined;
    void job.handle().then(() => {
      frame.isHandled = true;
      this.answerInOrder();
    });
  }

  /** Answers the first frames that are handled. One that was quicker than those before it waits for them. */
  private answerInOrder(): void {
    for (let first = this.underWay[0]; first?.isHandled; first = this.underWay[0]) {
      first.job.answer();
      this.underWay.shift();
      this.underWayBytes -= first.job.size;
    }
    this.start();
    if (!this.isIdle || !this.whenIdle) return;
    for (const resolve of this.whenIdle.splice(0)) resolve();
  }
}
