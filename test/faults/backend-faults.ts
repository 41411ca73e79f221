import type { History } from './history.js';
import type { FaultKind } from './options.js';
import type { NodeUnderTest, Site } from './site.js';
import type { Way } from './way.js';

type BackendFault = Extract<
  FaultKind,
  'redis' | 'redis-stop' | 'redis-way' | 'redis-stall' | 'database-way' | 'database-stall'
>;

/** What was on its way is lost too, and whoever is back says so within a second. */
const BEFORE_MS = 500;
const AFTER_MS = 2_000;

/** Breaks what several nodes share, for all of them or for one. */
export class BackendFaults {
  constructor(
    private readonly site: Site,
    private readonly history: History,
  ) {}

  /** @param node the one that is cut off, where the fault is that of one */
  async during(kind: BackendFault, { ways }: NodeUnderTest, work: () => Promise<void>): Promise<void> {
    const from = this.history.now();
    const heal = this.begin(kind, ways);
    await work();
    await heal();
    if (kind === 'redis-way' || kind === 'redis-stall') {
      this.history.partitioned(from - BEFORE_MS, this.history.now() + AFTER_MS);
    }
  }

  /** @returns how to mend it */
  cutDatabase(): () => void {
    return this.onAll(({ database }) => database, cut);
  }

  private begin(kind: BackendFault, ways: NodeUnderTest['ways']): () => void | Promise<void> {
    const { redis } = this.site;
    const own = ways ?? never();
    switch (kind) {
      case 'redis':
        if (!redis) return this.onAll((one) => one.redis, cut);
        redis.strike();
        return () => redis.start();
      case 'redis-stop':
        if (!redis) return this.onAll((one) => one.redis, stall);
        redis.signal('SIGSTOP');
        return () => redis.signal('SIGCONT');
      case 'redis-way':
        return cut(own.redis);
      case 'redis-stall':
        return stall(own.redis);
      case 'database-way':
        return cut(own.database);
      case 'database-stall':
        return stall(own.database);
    }
  }

  private onAll(
    wayOf: (ways: NonNullable<NodeUnderTest['ways']>) => Way,
    act: (way: Way) => () => void,
  ): () => void {
    const heals = this.site.nodes.map(({ ways }) => act(wayOf(ways ?? never())));
    return () => {
      for (const heal of heals) heal();
    };
  }
}

function cut(way: Way): () => void {
  way.cut();
  return () => way.mend();
}

function stall(way: Way): () => void {
  way.stall();
  return () => way.mend();
}

function never(): never {
  throw new Error('Only several nodes have ways.');
}
