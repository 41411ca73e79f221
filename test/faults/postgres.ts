import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { Storage, type Row } from './storage.js';

/** A database of the run's own in a PostgreSQL that others use too. */
export class PostgresUnderTest extends Storage {
  private constructor(
    private readonly server: string,
    readonly name: string,
  ) {
    super();
  }

  /** @param server a URL of any database whose user may make others */
  static async make(server: string): Promise<PostgresUnderTest> {
    const name = `parlor_faults_${randomBytes(6).toString('hex')}`;
    await withClient(server, (client) => client.query(`CREATE DATABASE ${name}`));
    return new PostgresUnderTest(server, name);
  }

  get url(): string {
    const url = new URL(this.server);
    url.pathname = `/${this.name}`;
    return url.href;
  }

  override async lock(): Promise<() => Promise<void>> {
    const client = await connected(this.url);
    try {
      await client.query('BEGIN');
      await client.query('LOCK TABLE rooms, messages, memberships IN EXCLUSIVE MODE');
    } catch (error) {
      await client.end();
      throw error;
    }
    return () => client.end();
  }

  override async complaints(): Promise<string[]> {
    const nodes = await this.query('SELECT name FROM nodes');
    return [
      ...(await this.openConnections()),
      ...nodes.map((row) => `a node is recorded as running: ${JSON.stringify(row)}`),
    ];
  }

  async drop(): Promise<void> {
    await withClient(this.server, (client) =>
      client.query(`DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`),
    );
  }

  protected override async query(sql: string): Promise<Row[]> {
    return withClient(this.url, async (client) => (await client.query<Row>(sql)).rows);
  }
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connected(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
