import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { setTimeout as pause } from 'node:timers/promises';
import { Broker } from './broker/broker.js';
import type { EntriesEnvelope } from './broker/envelope.js';
import { ConnectionRegistry } from './connection-registry.js';
import { HeardNodes } from './nodes/heard-nodes.js';
import type { Topic } from './topics.js';

/** Milliseconds between two looks into the database while nodes do not hear from each other. */
const LOOK_EVERY = 500;
/** Milliseconds for which a start waits for the broker, and between two looks whether it is there. */
const BROKER_WITHIN = 2_000;
const BROKER_LOOK = 20;
/** Topics of one question. */
const MAX_TOPICS = 1_000;
/** Holders of rights that are checked at once: as many as one query is asked about. */
const ROUND = 200;
/** Pages that are kept until rights were looked at. */
const MAX_PAGES = 32;

/** What is missing of a log. */
interface Stretch {
  readonly after: number;
  readonly head: number;
}

/** Where entries are read whose envelopes did not arrive. `messages/` implements it. */
export interface LogReader {
  /** How far each log goes; nothing for one that is gone. */
  heads(topics: readonly Topic[]): Promise<ReadonlyMap<Topic, number>>;
  /** What follows the place, as it would have arrived, or as much of it as fits one page; nothing at the head. */
  entries(topic: Topic, after: number): Promise<EntriesEnvelope | undefined>;
}

/** Ends what somebody has lost the right to, as the database says. */
type LookAtRights = () => Promise<void>;

/**
 * Makes up for envelopes that were lost on their way from other nodes: what was said in a room is read from its log,
 * and rights that have ended are looked up. Once when something may have been lost, and again and again while the
 * broker is not whole, or another node cannot be heard. So a room goes on without Redis, half a second later; and nobody hears what they may not.
 */
@Injectable()
export class LostEnvelopes implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('LostEnvelopes');
  private readonly rights: LookAtRights[] = [];
  private logs: LogReader | undefined;
  private looking: Promise<void> | undefined;
  private isAsked = false;
  private isOver = false;
  private wake: () => void = () => undefined;

  constructor(
    private readonly broker: Broker,
    private readonly registry: ConnectionRegistry,
    private readonly nodes: HeardNodes,
  ) {}

  /** Nobody is served before the broker is there, if it comes soon: what a node says before that, the others do not hear. */
  async onApplicationBootstrap(): Promise<void> {
    this.broker.onLoss(() => this.lookSoon());
    this.broker.fillHolesThrough((topic, after) => this.read(topic, after));
    this.nodes.onMissed(() => this.lookSoon());
    for (let waited = 0; !this.broker.isWhole && waited < BROKER_WITHIN; waited += BROKER_LOOK) {
      await pause(BROKER_LOOK);
    }
    if (!this.nodes.isWhole) this.lookSoon();
  }

  async onApplicationShutdown(): Promise<void> {
    this.isOver = true;
    this.wake();
    await this.looking;
  }

  /** Names where logs are read. */
  readFrom(logs: LogReader): void {
    this.logs = logs;
  }

  /**
   * Names whose rights are looked at. `auth/` does for sessions, `rooms/` for memberships.
   *
   * @param check ends what has been lost; called for many at once, whose questions share a query
   */
  alsoCheck<T>(holders: () => readonly T[], check: (holder: T) => Promise<void>): void {
    this.rights.push(async () => {
      const all = holders();
      for (let start = 0; start < all.length; start += ROUND) {
        await Promise.all(all.slice(start, start + ROUND).map(check));
      }
    });
  }

  private get log(): LogReader {
    if (!this.logs) throw new Error('No log to read lost entries from is set.');
    return this.logs;
  }

  private lookSoon(): void {
    this.isAsked = true;
    this.looking ??= this.lookWhileNeeded().finally(() => (this.looking = undefined));
  }

  private async lookWhileNeeded(): Promise<void> {
    while (!this.isOver && (this.isAsked || !this.nodes.isWhole)) {
      this.isAsked = false;
      await this.look().catch((error: unknown) => this.logger.warn(`Not now: ${String(error)}`));
      if (!this.nodes.isWhole) await this.moment();
    }
  }

  private moment(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, LOOK_EVERY).unref();
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Up to the heads of now: what was lost is below them, and whatever is said later has its own envelope. */
  private async look(): Promise<void> {
    const behind = await this.behind();
    do {
      const pages = await this.nextPages(behind);
      // Rights after what was read: whoever had none when it was said hears nothing of it.
      for (const look of this.rights) await look();
      for (const page of pages) this.broker.offer(page);
    } while (behind.size > 0);
  }

  /** The logs of which something has not been sent. */
  private async behind(): Promise<Map<Topic, Stretch>> {
    const behind = new Map<Topic, Stretch>();
    const places = this.registry.placesOfLogs();
    const topics = [...places.keys()];
    for (let start = 0; start < topics.length; start += MAX_TOPICS) {
      const heads = await this.log.heads(topics.slice(start, start + MAX_TOPICS));
      for (const [topic, head] of heads) {
        const after = places.get(topic) ?? head;
        if (head > after) behind.set(topic, { after, head });
      }
    }
    return behind;
  }

  /** A page of each, as far as they may be kept at once. What has been read to its end is behind no more. */
  private async nextPages(behind: Map<Topic, Stretch>): Promise<EntriesEnvelope[]> {
    const pages: EntriesEnvelope[] = [];
    for (const [topic, { after, head }] of [...behind].slice(0, MAX_PAGES)) {
      const page = await this.log.entries(topic, after);
      const last = page?.entries.at(-1);
      if (page) pages.push(page);
      if (last && last.seq < head) behind.set(topic, { after: last.seq, head });
      else behind.delete(topic);
    }
    return pages;
  }

  private async read(topic: Topic, after: number): Promise<void> {
    let place = after;
    for (;;) {
      const envelope = await this.log.entries(topic, place);
      const last = envelope?.entries.at(-1);
      if (!envelope || !last) return;
      this.broker.offer(envelope);
      place = last.seq;
    }
  }
}
