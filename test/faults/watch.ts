import { isFields, listIn } from './fields.js';
import type { History } from './history.js';
import { RestClient } from './rest.js';
import type { ServerUnderTest } from './server.js';
import type { Tally } from './tally.js';

const EVERY_MS = 500;
const MEGABYTE = 1024 * 1024;
/**
 * Most that was measured in a run of 200 kills is 227 MB, and 242 with nothing but floods. All sockets together
 * may keep a few MB waiting here, so twice as much means that something grows.
 */
const MOST_MEMORY_MB = 500;
/** `MAX_WAITING_BYTES`, and what is written in one go above it: a page of history is at most 131072 UTF-16 units. */
const MOST_WAITING_BYTES = 2 * MEGABYTE;

/** Looks at the memory of the server, and at what it keeps for sockets that do not read. */
export class Watch {
  private readonly timer: NodeJS.Timeout;
  private readonly rest: RestClient;
  private asking = false;
  private told = false;

  constructor(
    private readonly server: ServerUnderTest,
    private readonly opsToken: string,
    private readonly history: History,
    private readonly tally: Tally,
  ) {
    this.rest = new RestClient(server.origin);
    this.timer = setInterval(() => void this.look(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    const memory = Math.round((this.server.peakMemory() ?? 0) / MEGABYTE);
    this.tally.peak('most memory MB', memory);
    this.limit('memory MB', memory, MOST_MEMORY_MB);
    if (this.asking) return;
    this.asking = true;
    const answer = await this.rest.request('GET', '/api/connections?limit=100', this.opsToken);
    this.asking = false;
    if (answer?.status !== 200) return;
    for (const connection of listIn(answer.fields, 'connections')) {
      const waiting = isFields(connection) ? Number(connection.waiting_bytes) : 0;
      this.tally.peak('most bytes waiting for a socket', waiting);
      this.limit('bytes waiting', waiting, MOST_WAITING_BYTES);
    }
  }

  private limit(what: string, value: number, most: number): void {
    if (value <= most || this.told) return;
    this.told = true;
    this.history.fault('memory', `${value} ${what}, more than ${most}`);
  }
}
