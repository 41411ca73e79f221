import type { History } from './history.js';
import type { RestClient } from './rest.js';
import type { Tally } from './tally.js';

/** What all clients of a run share. */
export class World {
  /** People write. */
  isProducing = true;
  /** Everybody goes home. */
  isOver = false;
  private calmSince: number | undefined;

  constructor(
    /** Of the proxy, not of the server. */
    readonly origin: string,
    readonly history: History,
    readonly tally: Tally,
    readonly rest: RestClient,
    /** Milliseconds from a message to its ack, while nothing was broken. */
    readonly calmAcks: number[],
  ) {}

  set calm(calm: boolean) {
    this.calmSince = calm ? performance.now() : undefined;
  }

  /** Whether nothing has been broken since then. */
  wasCalmSince(time: number): boolean {
    return this.calmSince !== undefined && this.calmSince <= time;
  }
}
