import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { Row, TestDatabase } from './database.js';

/** A PostgreSQL that tests may make databases in; empty where there is none. */
export const POSTGRES = process.env.PARLOR_TEST_POSTGRES ?? 'postgresql://postgres@127.0.0.1:5432/postgres';

/** 64-bit integers as numbers, as SQLite gives them. */
const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.INT8, Number);

/** A database of its own in the PostgreSQL for tests. */
export class PostgresDatabase implements TestDatabase {
  private constructor(readonly name: string) {}

  static async create(): Promise<PostgresDatabase> {
    const name = `parlor_test_${randomBytes(8).toString('hex')}`;
    await withClient(POSTGRES, (client) => client.query(`CREATE DATABASE ${name}`));
    return new PostgresDatabase(name);
  }

  /** What a dump that is restored into a new database makes of it. Nobody may be connected meanwhile. */
  async copy(): Promise<PostgresDatabase> {
    const copy = new PostgresDatabase(`${this.name}_copy`);
    await this.cutConnections();
    await withClient(POSTGRES, (client) =>
      client.query(`CREATE DATABASE ${copy.name} TEMPLATE ${this.name}`),
    );
    return copy;
  }

  get url(): string {
    const url = new URL(POSTGRES);
    url.pathname = `/${this.name}`;
    return url.href;
  }

  async query(sql: string, parameters: (string | number)[] = []): Promise<Row[]> {
    let place = 0;
    const numbered = sql.replaceAll('?', () => `$${(place += 1)}`);
    const { rows } = await withClient(this.url, (client) => client.query<Row>(numbered, parameters));
    return rows;
  }

  async execute(sql: string): Promise<void> {
    await withClient(this.url, (client) => client.query(sql));
  }

  async tables(): Promise<string[]> {
    const sql =
      "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name";
    return (await this.query(sql)).map(({ table_name }) => String(table_name));
  }

  async breakTable(what: string, table: string): Promise<() => Promise<void>> {
    await this.execute(
      `CREATE OR REPLACE FUNCTION break() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'no paper left'; END $$;
       CREATE TRIGGER broken BEFORE ${what} ON ${table} FOR EACH ROW EXECUTE FUNCTION break()`,
    );
    return () => this.execute(`DROP TRIGGER broken ON ${table}`);
  }

  /** Makes the server of this database read-only, or not: as it is when a disk is full in some places. */
  async setReadOnly(isReadOnly: boolean): Promise<void> {
    const set = `ALTER DATABASE ${this.name} SET default_transaction_read_only = ${isReadOnly ? 'on' : 'off'}`;
    await withClient(POSTGRES, (client) => client.query(set));
    await this.cutConnections();
  }

  /** Keeps what a statement locks, as somebody does who forgets to let go. */
  async hold(sql: string): Promise<() => Promise<void>> {
    const client = await connected(this.url);
    await client.query('BEGIN');
    await client.query(sql);
    return () => client.end();
  }

  /** Ends every connection to it, as a restart of PostgreSQL does. */
  async cutConnections(): Promise<void> {
    const cut = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1';
    await withClient(POSTGRES, (client) => client.query(cut, [this.name]));
  }

  async remove(): Promise<void> {
    await withClient(POSTGRES, (client) => client.query(`DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`));
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

/** A connection that may be cut by a test that cuts all of them. */
async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, types });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
