/** Sends the answer of a handled frame. Does not throw: a socket that is gone takes nothing any more. */
type Answer = () => void;

export interface FrameJob {
  /** Handles the frame. Never rejects: a failure is an answer too. */
  run(): Promise<Answer>;
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

/**
 * The frames of one socket, handled and answered strictly in the order in which they came.
 *
 * A frame starts when those before it are done; consecutive pipelined ones start one after the other
 * without waiting, so that a client which sends many messages shares commits with itself.
 */
export class FrameQueue {
  private readonly waiting: FrameJob[] = [];
  private waitingBytes = 0;
  private inFlight = 0;
  private inFlightBytes = 0;
  private pipelining = false;
  private answered: Promise<void> = Promise.resolve();
  private stopped = false;
  private paused = false;

  constructor(
    private readonly pause: () => void,
    private readonly resume: () => void,
  ) {}

  push(job: FrameJob): void {
    if (this.stopped) return;
    this.waiting.push(job);
    this.waitingBytes += job.size;
    this.start();
    if (!this.paused && (this.waiting.length > HIGH_WATER || this.waitingBytes > HIGH_WATER_BYTES)) {
      this.paused = true;
      this.pause();
    }
  }

  /** Whether the sender is being held back. It cannot answer heartbeats meanwhile. */
  get isPaused(): boolean {
    return this.paused;
  }

  /** Bytes of the frames that are not answered yet. */
  get bytes(): number {
    return this.waitingBytes + this.inFlightBytes;
  }

  /** Takes no more frames and forgets those that wait. Resolves when those under way are answered. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.waiting.length = 0;
    this.waitingBytes = 0;
    await this.answered;
  }

  /** Resolves when every frame that came so far is answered. */
  async idle(): Promise<void> {
    while (!this.isIdle) await this.answered;
  }

  get isIdle(): boolean {
    return this.inFlight === 0;
  }

  private start(): void {
    for (let next = this.waiting[0]; next && this.mayStart(next); next = this.waiting[0]) {
      this.waiting.shift();
      this.waitingBytes -= next.size;
      this.inFlight += 1;
      this.inFlightBytes += next.size;
      this.pipelining = next.pipelined;
      this.answered = this.finish(next, this.answered);
    }
    if (this.paused && this.waiting.length < LOW_WATER && this.waitingBytes < LOW_WATER_BYTES) {
      this.paused = false;
      this.resume();
    }
  }

  private mayStart(job: FrameJob): boolean {
    if (this.inFlight === 0) return true;
    const hasRoom = this.inFlight < MAX_IN_FLIGHT && this.inFlightBytes < HIGH_WATER_BYTES;
    return job.pipelined && this.pipelining && hasRoom;
  }

  private async finish(job: FrameJob, before: Promise<void>): Promise<void> {
    const answer = await job.run();
    await before;
    answer();
    this.inFlight -= 1;
    this.inFlightBytes -= job.size;
    this.start();
  }
}
