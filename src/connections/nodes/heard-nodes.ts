import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Broker } from '../broker/broker.js';
import type { BeatEnvelope } from '../broker/envelope.js';
import { EVERY_NODE } from '../topics.js';
import { LiveNodes } from './live-nodes.js';

/** Milliseconds between two signs of life, and after which a node that gave none is not heard. */
const BEAT_EVERY = 1_000;
const SILENCE = 2_500;

/** What was last heard of a node. */
interface Heard {
  readonly state: string;
  /** Milliseconds of `performance.now()`. */
  readonly at: number;
}

/**
 * Whether this node hears each of the others. One that has lost the broker alone goes on to write to the database, and
 * those who hear the broker would never know: so every node gives signs of life by way of the broker. They say whether
 * it is as before; if not, or when it is silent or gone, the others read in the database what it could not tell them.
 */
@Injectable()
export class HeardNodes implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly heard = new Map<string, Heard>();
  private readonly missed: (() => void)[] = [];
  private state: string = randomUUID();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly broker: Broker,
    private readonly nodes: LiveNodes,
  ) {}

  /** Whether everything that other nodes publish arrives here now, as far as anybody knows. */
  get isWhole(): boolean {
    const silentSince = performance.now() - SILENCE;
    return this.broker.isWhole && this.nodes.others.every((name) => this.isHeard(name, silentSince));
  }

  /** Names who looks for what another node could not say. */
  onMissed(callback: () => void): void {
    this.missed.push(callback);
  }

  onApplicationBootstrap(): void {
    if (this.nodes.isAlone) return;
    this.broker.onLoss(() => {
      this.state = randomUUID();
      // At once, so that the others look as soon as they can be told.
      this.beat();
    });
    this.timer = setInterval(() => this.beat(), BEAT_EVERY).unref();
    this.beat();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  take({ node, state }: BeatEnvelope): void {
    if (node === this.nodes.name) return;
    const before = this.heard.get(node);
    this.heard.set(node, { state, at: performance.now() });
    // Also of one that is heard for the first time: what it said before it had found the broker is lost.
    if (before?.state !== state) this.miss();
  }

  private beat(): void {
    const { name } = this.nodes;
    this.broker.publish({ kind: 'beat', topic: EVERY_NODE, node: name, state: this.state });
    if (this.forgetGone() || !this.isWhole) this.miss();
  }

  /** Whether there was anybody to forget. They may have died with something to say. */
  private forgetGone(): boolean {
    const others = new Set(this.nodes.others);
    const silentSince = performance.now() - SILENCE;
    const gone = [...this.heard.keys()].filter(
      (name) => !others.has(name) && !this.isHeard(name, silentSince),
    );
    for (const name of gone) this.heard.delete(name);
    return gone.length > 0;
  }

  private isHeard(name: string, since: number): boolean {
    return (this.heard.get(name)?.at ?? -Infinity) >= since;
  }

  private miss(): void {
    for (const callback of this.missed) callback();
  }
}
