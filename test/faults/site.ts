import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseFile } from './database.js';
import type { History } from './history.js';
import { PostgresUnderTest } from './postgres.js';
import { RedisUnderTest } from './redis.js';
import { ServerUnderTest } from './server.js';
import type { Storage } from './storage.js';
import type { Tally } from './tally.js';
import { Way } from './way.js';

/** The same as for `npm test`. */
const POSTGRES = process.env.PARLOR_TEST_POSTGRES ?? 'postgresql://postgres@127.0.0.1:5432/postgres';
const REDIS = process.env.PARLOR_TEST_REDIS ?? 'redis://127.0.0.1:6379';
const POSTGRES_PORT = 5432;
const REDIS_PORT = 6379;

/** Milliseconds: short, so that a node that stands still for a moment is taken for gone. */
export const LEASE_MS = 800;

/** A server, and its ways to what it shares with the others. */
export interface NodeUnderTest {
  readonly server: ServerUnderTest;
  /** Only where there are several nodes. */
  readonly ways: { readonly database: Way; readonly redis: Way } | undefined;
}

/** The servers of a run and what is behind them. */
export class Site {
  private constructor(
    readonly nodes: readonly NodeUnderTest[],
    readonly storage: Storage,
    /** Of the run's own, where there is a program for it. */
    readonly redis: RedisUnderTest | undefined,
    private readonly postgres: PostgresUnderTest | undefined,
  ) {}

  static async alone(folder: string, history: History, tally: Tally): Promise<Site> {
    const file = join(folder, 'parlor.db');
    const settings = { DATABASE_URL: `sqlite:///${file}` };
    const post = { name: 'the server', folder, settings, isAlone: true };
    const server = await ServerUnderTest.at(post, history, tally);
    return new Site([{ server, ways: undefined }], new DatabaseFile(file), undefined, undefined);
  }

  static async ofNodes(count: number, folder: string, history: History, tally: Tally): Promise<Site> {
    const postgres = await PostgresUnderTest.make(POSTGRES);
    const redis = await RedisUnderTest.start();
    const shared = {
      SECRET_KEY: randomBytes(36).toString('base64'),
      REDIS_PREFIX: `parlor-faults-${randomBytes(6).toString('hex')}:`,
      NODE_LEASE_MS: String(LEASE_MS),
    };
    const nodes: NodeUnderTest[] = [];
    for (let index = 1; index <= count; index += 1) {
      const ways = {
        database: await Way.to(postgres.url, POSTGRES_PORT),
        redis: await Way.to(redis?.url ?? REDIS, REDIS_PORT),
      };
      const name = `node ${index}`;
      const own = { NODE_NAME: name, DATABASE_URL: ways.database.url, REDIS_URL: ways.redis.url };
      const post = { name, folder, settings: { ...shared, ...own }, isAlone: false };
      nodes.push({ server: await ServerUnderTest.at(post, history, tally), ways });
    }
    return new Site(nodes, postgres, redis, postgres);
  }

  get servers(): ServerUnderTest[] {
    return this.nodes.map(({ server }) => server);
  }

  get first(): ServerUnderTest {
    const [first] = this.servers;
    if (!first) throw new Error('There is no server.');
    return first;
  }

  /** The first migrates the database, then the others start. */
  async start(): Promise<void> {
    await this.first.start();
    await Promise.all(this.servers.slice(1).map((server) => server.start()));
  }

  async terminate(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.terminate()));
  }

  /** Everything is as it was, except for servers that were killed. */
  heal(): void {
    for (const { server, ways } of this.nodes) {
      server.signal('SIGCONT');
      ways?.database.mend();
      ways?.redis.mend();
    }
    this.redis?.signal('SIGCONT');
  }

  /** For the exits that leave no time to wait. */
  strike(): void {
    for (const server of this.servers) server.strike();
    this.redis?.strike();
  }

  /** @returns the name of the database in PostgreSQL, if there is one and it is to be kept */
  async remove(keep: boolean): Promise<string | undefined> {
    this.strike();
    for (const { ways } of this.nodes) {
      await ways?.database.close();
      await ways?.redis.close();
    }
    if (keep) return this.postgres?.name;
    await this.postgres?.drop();
    return undefined;
  }
}
