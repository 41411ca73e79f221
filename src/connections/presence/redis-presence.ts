import { Logger } from '@nestjs/common';
import type { RedisLink } from '../broker/redis-link.js';
import type { LiveNodes } from '../nodes/live-nodes.js';
import type { Topic } from '../topics.js';
import { Presence, type Listener, type OnVanished } from './presence.js';

/** Fields of one command. */
const CHUNK = 1_000;

/**
 * One hash in Redis for each node: who listens there to what. Whether somebody's last socket has gone is asked of the
 * hashes of the nodes that live. A hash is written anew when Redis comes back, and cleared up when its node has gone.
 *
 * While Redis is away, a node knows of its own sockets only.
 */
export class RedisPresence extends Presence {
  private readonly logger = new Logger('Presence');
  private readonly here = new Map<string, string>();
  private readonly vanished: OnVanished[] = [];

  constructor(
    private readonly link: RedisLink,
    private readonly prefix: string,
    private readonly nodes: LiveNodes,
  ) {
    super();
    link.onUp(() => this.attempt(() => this.writeAnew()));
    nodes.onBack(() => this.attempt(() => this.writeAnew()));
    nodes.onGone((name) => this.clearUpAfter(name));
  }

  override came({ id, username }: Listener, topic: Topic): void {
    const field = fieldOf(id, topic);
    this.here.set(field, username);
    this.attempt(() => this.link.redis.hset(this.key, field, username));
  }

  override async went({ id }: Listener, topic: Topic): Promise<boolean> {
    const field = fieldOf(id, topic);
    this.here.delete(field);
    if (!this.link.isUp) return true;
    try {
      // First its own, then the others: of two nodes that do this at once, one at least finds nobody.
      // Waited for together: the first that fails must not leave the other one without anybody to hear that it fails too.
      const removed = this.link.redis.hdel(this.key, field);
      const [elsewhere] = await Promise.all([this.isElsewhere(field), removed]);
      return !elsewhere && !this.here.has(field);
    } catch {
      return true;
    }
  }

  override onVanished(callback: OnVanished): void {
    this.vanished.push(callback);
  }

  private async isElsewhere(field: string): Promise<boolean> {
    const asked = this.nodes.others.map((name) => this.link.redis.hexists(this.keyOf(name), field));
    return (await Promise.all(asked)).some((there) => there === 1);
  }

  private async writeAnew(): Promise<void> {
    await this.link.redis.del(this.key);
    const all = [...this.here];
    for (let start = 0; start < all.length; start += CHUNK) {
      await this.link.redis.hset(this.key, new Map(all.slice(start, start + CHUNK)));
    }
  }

  private async clearUpAfter(name: string): Promise<void> {
    if (!this.link.isUp) return;
    for await (const found of this.link.redis.hscanStream(this.keyOf(name), { count: CHUNK })) {
      const pairs: unknown = found;
      if (Array.isArray(pairs)) await this.tellOf(pairs.map(String));
    }
    await this.link.redis.del(this.keyOf(name));
  }

  /** Fields and values by turns, as HSCAN answers. */
  private async tellOf(pairs: readonly string[]): Promise<void> {
    for (let index = 0; index + 1 < pairs.length; index += 2) {
      const [field = '', username = ''] = pairs.slice(index, index + 2);
      if (this.here.has(field) || (await this.isElsewhere(field))) continue;
      const { id, topic } = partsOf(field);
      for (const callback of this.vanished) callback({ id, username }, topic);
    }
  }

  private get key(): string {
    return this.keyOf(this.nodes.name);
  }

  private keyOf(node: string): string {
    return `${this.prefix}presence:${node}`;
  }

  /** What fails is written when Redis comes back. */
  private attempt(what: () => Promise<unknown>): void {
    if (!this.link.isUp) return;
    what().catch((error: unknown) => this.logger.debug(String(error)));
  }
}

function fieldOf(userId: number, topic: Topic): string {
  return `${userId} ${topic}`;
}

function partsOf(field: string): { id: number; topic: Topic } {
  const space = field.indexOf(' ');
  return { id: Number(field.slice(0, space)), topic: field.slice(space + 1) };
}
