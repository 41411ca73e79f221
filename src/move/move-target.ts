import pg from 'pg';
import type { PostgresLocation } from '../config/settings.js';
import {
  checkReachable,
  migratePostgres,
  UNFINISHED_MOVE,
  wholeNumbers,
} from '../database/postgres-database.js';
import { MoveError, reasonOf } from './move-error.js';
import {
  type Readable,
  type Row,
  type StoredRow,
  type Table,
  type Value,
  quoted,
  valuesOf,
} from './table.js';

/** What a move locks, so that there is one at a time: any number that others do not use. */
const MOVE_LOCK = 7_267_568;
/** In milliseconds. PostgreSQL needs a moment to notice that the last one was killed. */
const LOCK_TIMEOUT = 15_000;

/** What may have rows. First `nodes`: what a server leaves behind is no news while it runs. */
const TABLES = `SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'migrations'
  ORDER BY tablename <> 'nodes', tablename`;

/**
 * The database in PostgreSQL. While something is missing there it has a table that says of which source it is and how
 * far each table is; no server starts on it then. A batch moves that mark in the statement that stores it.
 */
export class MoveTarget implements Readable {
  private constructor(
    private readonly client: pg.Client,
    private readonly name: string,
  ) {}

  /** @throws ConfigurationError, MoveError when it cannot be the target of a move */
  static async open(location: PostgresLocation): Promise<MoveTarget> {
    await checkReachable(location, 'full', true);
    const client = new pg.Client({
      connectionString: location.url,
      application_name: 'parlor move',
      types: wholeNumbers,
      options: `-c lock_timeout=${LOCK_TIMEOUT}`,
    });
    // Whoever asks next is told that the connection is lost.
    client.on('error', () => undefined);
    await client.connect();
    return new MoveTarget(client, location.name);
  }

  async read(sql: string, values: readonly Value[]): Promise<StoredRow[]> {
    return (await this.client.query<StoredRow>(sql, [...values])).rows;
  }

  /**
   * Makes it the target of this source, or finds that it is.
   *
   * @throws MoveError when it holds something else
   */
  async prepare(location: PostgresLocation, source: string, tables: readonly Table[]): Promise<void> {
    await this.alone();
    if (await this.isUnfinished()) {
      await this.refuseOtherSource(source);
      await this.refuse(['nodes']);
      await migratePostgres(location);
      return;
    }
    const here = await this.read(TABLES, []);
    await this.refuse(here.map(({ tablename }) => String(tablename)));
    await migratePostgres(location);
    await this.client.query('BEGIN');
    await this.client.query(`CREATE TABLE ${UNFINISHED_MOVE} (
      table_name text PRIMARY KEY, source text NOT NULL, copied bigint NOT NULL DEFAULT 0, last_key json)`);
    const mark = `INSERT INTO ${UNFINISHED_MOVE} (source, table_name) VALUES ($1, $2)`;
    for (const { name } of tables) await this.client.query(mark, [source, name]);
    await this.client.query('COMMIT');
  }

  /** How many rows of a table are here, and the key of the last of them. */
  async markOf({ name }: Table): Promise<{ copied: number; lastKey: Value[] | undefined }> {
    const { rows } = await this.client.query<{ copied: number; last_key: Value[] | null }>(
      `SELECT copied, last_key FROM ${UNFINISHED_MOVE} WHERE table_name = $1`,
      [name],
    );
    const [mark] = rows;
    if (!mark) throw new MoveError(`The move into ${this.name} was begun by another version: make it anew.`);
    return { copied: mark.copied, lastKey: mark.last_key ?? undefined };
  }

  /** Stores the rows and moves the mark, both or neither. */
  async store(table: Table, rows: readonly Row[]): Promise<void> {
    const columns = table.columns.map(quoted).join(', ');
    const last = rows.at(-1);
    const key = last && JSON.stringify(valuesOf(last, table.key));
    try {
      await this.client.query(
        `WITH stored AS (
           INSERT INTO ${quoted(table.name)} (${columns})
           SELECT ${columns} FROM json_populate_recordset(NULL::${quoted(table.name)}, $1::json) RETURNING 1
         )
         UPDATE ${UNFINISHED_MOVE} SET copied = copied + (SELECT count(*) FROM stored), last_key = $2
         WHERE table_name = $3`,
        [JSON.stringify(rows), key, table.name],
      );
    } catch (error) {
      throw new MoveError(`${table.name}, before the key ${key}: ${reasonOf(error)}`, { cause: error });
    }
  }

  /** Without statistics the comparison would sort a table for each page of it. */
  async analyze(): Promise<void> {
    await this.client.query('ANALYZE');
  }

  /**
   * Gives ids behind those of the source, ends the records of sockets that its server could not close, and lets
   * servers in.
   */
  async finish(lastIds: ReadonlyMap<string, number>): Promise<void> {
    await this.client.query('BEGIN');
    for (const [table, lastId] of lastIds) {
      if (lastId === 0) continue;
      await this.client.query("SELECT setval(pg_get_serial_sequence($1, 'id'), $2)", [quoted(table), lastId]);
    }
    // The next start of the source would have done that; here nobody else knows its name.
    await this.client.query(
      `UPDATE connections SET closed_at = $1, close_reason = 'the server ended before the socket did'
       WHERE closed_at IS NULL`,
      [Date.now()],
    );
    await this.client.query(`DROP TABLE ${UNFINISHED_MOVE}`);
    await this.client.query('COMMIT');
  }

  async close(): Promise<void> {
    await this.client.end().catch(() => undefined);
  }

  private async alone(): Promise<void> {
    await this.client.query('SELECT pg_advisory_lock($1)', [MOVE_LOCK]).catch((error: unknown) => {
      throw new MoveError(`Another move into ${this.name} is under way (${reasonOf(error)}).`);
    });
  }

  private async isUnfinished(): Promise<boolean> {
    const [row] = await this.read('SELECT to_regclass($1) IS NOT NULL AS is_there', [UNFINISHED_MOVE]);
    return row?.is_there === true;
  }

  private async refuseOtherSource(source: string): Promise<void> {
    const others = await this.read(`SELECT 1 FROM ${UNFINISHED_MOVE} WHERE source <> $1 LIMIT 1`, [source]);
    if (others.length === 0) return;
    throw new MoveError(
      `${this.name} is the unfinished target of another database, or of this one before a server was started on it again: take an empty database.`,
    );
  }

  /** @param tables that have to be empty */
  private async refuse(tables: readonly string[]): Promise<void> {
    for (const table of tables) {
      const found = await this.read(`SELECT 1 FROM ${quoted(table)} LIMIT 1`, []);
      if (found.length === 0) continue;
      throw new MoveError(
        table === 'nodes'
          ? `A Parlor server is running on ${this.name}, or was killed there.`
          : `${this.name} is not empty: ${table} has rows.`,
      );
    }
  }
}
