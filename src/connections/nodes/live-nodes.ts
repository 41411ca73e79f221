import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { randomUUID } from 'node:crypto';
import { Repository } from 'typeorm';
import { Settings } from '../../config/settings.js';
import { ServerClaim } from '../../database/server-claim.js';
import { WriteQueue } from '../../database/write-queue.js';
import { AppError } from '../../errors/app-error.js';
import { Node } from './node.entity.js';

/** Called on one of the nodes that live, when another has ended without saying so. */
export type OnGone = (name: string) => Promise<void>;

/** A node as this one has seen it last, by its own clock. */
interface Seen {
  readonly life: string;
  readonly beats: number;
  /** Milliseconds of `performance.now()`. */
  readonly at: number;
}

/**
 * The nodes on this database, each with a lease: a row whose counter goes up while it lives. A node that has not moved it
 * for a while is taken for gone; whoever removes its row first clears up what it has left behind.
 *
 * Each node looks at the others by its own clock, so that none of them has to be right. A server that is alone with its
 * database has no row.
 */
@Injectable()
export class LiveNodes implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Nodes');
  private readonly life = randomUUID();
  private readonly seen = new Map<string, Seen>();
  private readonly gone: OnGone[] = [];
  private readonly back: (() => void)[] = [];
  private beats = 0;
  private timer: NodeJS.Timeout | undefined;
  private beating: Promise<void> = Promise.resolve();
  private isOver = false;

  constructor(
    @InjectRepository(Node) private readonly nodes: Repository<Node>,
    private readonly settings: Settings,
    private readonly writes: WriteQueue,
    private readonly claim: ServerClaim,
  ) {}

  get name(): string {
    return this.settings.nodeName;
  }

  /** No other server can work on this database. */
  get isAlone(): boolean {
    return this.claim.isExclusive;
  }

  /** The names of the others that live, as far as this node knows. */
  get others(): string[] {
    return [...this.seen.keys()];
  }

  /** Names who clears up after a node that has gone. */
  onGone(callback: OnGone): void {
    this.gone.push(callback);
  }

  /** Names who writes anew what others have cleared up, because this node has stood still for too long. */
  onBack(callback: () => void): void {
    this.back.push(callback);
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.isAlone) return;
    await this.settle();
    await this.look();
    this.timer = setInterval(() => {
      this.beating = this.beating.then(() => this.beat());
    }, this.settings.nodeLease / 3).unref();
  }

  /** Says goodbye: there is nothing to clear up. */
  async onApplicationShutdown(): Promise<void> {
    if (this.isAlone) return;
    this.isOver = true;
    clearInterval(this.timer);
    await this.beating;
    const { name, life } = this;
    await this.writes.run((manager) => manager.delete(Node, { name, life })).catch(() => undefined);
  }

  /** A node of this name that was there before has ended, however it did: names belong to one at a time. */
  private async settle(): Promise<void> {
    const { name, life } = this;
    const row = { name, life, beats: this.beats, startedAt: Date.now() };
    const { affected } = await this.writes.run((manager) => manager.delete(Node, { name }));
    await this.writes.run((manager) => manager.upsert(Node, row, ['name']));
    if (affected) await this.clearUpAfter(name);
  }

  private async beat(): Promise<void> {
    if (this.isOver) return;
    try {
      await this.renew();
      await this.look();
    } catch (error) {
      // The database is away for the others as well.
      if (!(error instanceof AppError)) this.logger.error(error);
    }
  }

  /** Whoever was stopped for longer than its lease finds its row gone, and begins another one. */
  private async renew(): Promise<void> {
    const { name, life } = this;
    const beats = (this.beats += 1);
    const { affected } = await this.writes.run((manager) => manager.update(Node, { name, life }, { beats }));
    if (affected) return;
    this.logger.warn(`Others took this node for gone, or there is another one that is called ${name}.`);
    await this.writes.run((manager) =>
      manager.upsert(Node, { name, life, beats, startedAt: Date.now() }, ['name']),
    );
    for (const callback of this.back) callback();
  }

  private async look(): Promise<void> {
    const now = performance.now();
    const rows = await this.nodes.find();
    const names = new Set(rows.map(({ name }) => name));
    for (const name of this.seen.keys()) if (!names.has(name)) this.seen.delete(name);
    for (const row of rows) {
      if (row.name === this.name) continue;
      const known = this.seen.get(row.name);
      if (known?.life !== row.life || known.beats !== row.beats) {
        this.seen.set(row.name, { life: row.life, beats: row.beats, at: now });
      } else if (now - known.at > this.settings.nodeLease) {
        await this.bury(row);
      }
    }
  }

  private async bury({ name, life, beats }: Node): Promise<void> {
    const { affected } = await this.writes.run((manager) => manager.delete(Node, { name, life, beats }));
    this.seen.delete(name);
    if (!affected) return;
    this.logger.warn(`${name} has not been heard of for ${this.settings.nodeLease} ms, and counts as gone.`);
    await this.clearUpAfter(name);
  }

  private async clearUpAfter(name: string): Promise<void> {
    for (const callback of this.gone) {
      await callback(name).catch((error: unknown) => this.logger.error(error));
    }
  }
}
