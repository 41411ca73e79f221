import { Socket } from 'node:net';
import pg from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { ConfigurationError } from '../config/env-reader.js';
import type { Durability, PostgresLocation, Settings } from '../config/settings.js';
import { migrations } from './migrations.js';
import { PostgresWriteQueue } from './postgres-write-queue.js';
import { codeOf } from './storage-faults.js';
import type { StorageHealth } from './storage-health.js';
import type { WriteQueue } from './write-queue.js';

type Tables = NonNullable<DataSourceOptions['entities']>;

/** Milliseconds for a new connection, and for a place in the pool. */
const CONNECT_TIMEOUT = 3_000;
/** Milliseconds for the way to the database and back, beside what a statement takes there. */
const NETWORK_GRACE = 2_000;
/** What everybody who migrates this kind of database locks: any number that others do not use. */
const MIGRATION_LOCK = 7_267_567;
/** 13 has `pg_current_xact_id`. */
const OLDEST_VERSION = 130_000;

/** The table that `npm run move` has in its target for as long as something is missing there. */
export const UNFINISHED_MOVE = 'unfinished_move';

/** 64-bit integers as numbers: times, counts and ids fit into a double. For the connections of Parlor only. */
export const wholeNumbers = new pg.TypeOverrides();
wholeNumbers.setTypeParser(pg.types.builtins.INT8, Number);

interface Connections {
  readonly entities: Tables;
  readonly size: number;
  /** Milliseconds after which the database has answered, or ended the statement. */
  readonly patience?: number;
  /** As PostgreSQL reads its command line: https://www.postgresql.org/docs/current/libpq-connect.html */
  readonly parameters: Readonly<Record<string, string | number>>;
}

/** Half of the connections read. All of them talk to the primary: what was committed is seen by the next read. */
export function postgresReader(location: PostgresLocation): DataSourceOptions {
  const { pool, statementTimeout } = location;
  return postgresOptions(location, {
    entities: [],
    size: Math.floor(pool / 2),
    patience: statementTimeout,
    parameters: { statement_timeout: statementTimeout, default_transaction_read_only: 'on' },
  });
}

/** Opens the queue of writes, and migrates the database: one server at a time, however many start at once. */
export async function openPostgres(
  location: PostgresLocation,
  { durability }: Settings,
  reader: DataSource,
  health: StorageHealth,
): Promise<WriteQueue> {
  const entities = reader.options.entities ?? [];
  await migratePostgres(location);
  const size = Math.ceil(location.pool / 2);
  const writer = new DataSource(
    postgresOptions(location, {
      entities,
      size,
      patience: location.statementTimeout,
      parameters: {
        statement_timeout: location.statementTimeout,
        lock_timeout: location.lockTimeout,
        // A job that stops between two statements must not keep its locks: its node may have lost the network.
        idle_in_transaction_session_timeout: location.statementTimeout,
        default_transaction_isolation: 'read\\ committed',
        ...(durability === 'normal' ? { synchronous_commit: 'off' } : {}),
      },
    }),
  );
  await writer.initialize();
  return new PostgresWriteQueue(writer, health, size - 1, location.statementTimeout);
}

/**
 * @param forMove an unfinished move is no reason then
 * @throws ConfigurationError when the database cannot be reached or is not fit to be used, in a sentence without
 *   the address, which may hold a password
 */
export async function checkReachable(
  { url, name }: PostgresLocation,
  durability: Durability,
  forMove = false,
): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT });
  try {
    await client.connect();
    const { rows } = await client.query<Facts>(FACTS);
    const wrong = rows.flatMap((facts) => [
      ...wrongIn(facts, durability),
      ...(facts.is_half_moved && !forMove ? ['is the target of a move that is not finished'] : []),
    ]);
    if (wrong.length > 0) throw new ConfigurationError(wrong.map((what) => `DATABASE_URL: ${name} ${what}.`));
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    throw new ConfigurationError([`DATABASE_URL: ${name} cannot be used (${reasonOf(error)}).`], {
      cause: error,
    });
  } finally {
    await client.end().catch(() => undefined);
  }
}

interface Facts {
  readonly version: number;
  readonly encoding: string;
  readonly is_standby: boolean;
  readonly is_lazy: boolean;
  readonly is_half_moved: boolean;
}

const FACTS = `SELECT current_setting('server_version_num')::integer AS version,
  current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS is_standby,
  current_setting('synchronous_commit') = 'off' OR current_setting('fsync') = 'off' AS is_lazy,
  to_regclass('${UNFINISHED_MOVE}') IS NOT NULL AS is_half_moved`;

function wrongIn({ version, encoding, is_standby, is_lazy }: Facts, durability: Durability): string[] {
  return [
    ...(version < OLDEST_VERSION ? ['is older than PostgreSQL 13'] : []),
    ...(encoding === 'UTF8' ? [] : [`is encoded in ${encoding}, not in UTF8`]),
    ...(is_standby ? ['is a standby; name the primary'] : []),
    ...(is_lazy && durability === 'full'
      ? ['has fsync or synchronous_commit off, so that commits can be lost; DURABILITY=normal allows it']
      : []),
  ];
}

/** One at a time, however many ask for it. Statements of a migration take as long as they take. */
export async function migratePostgres(location: PostgresLocation): Promise<void> {
  const source = new DataSource(postgresOptions(location, { entities: [], size: 2, parameters: {} }));
  await source.initialize();
  const holder = source.createQueryRunner();
  try {
    await holder.query(`SELECT pg_advisory_lock(${MIGRATION_LOCK})`);
    await source.runMigrations({ transaction: 'each' });
    await holder.query(`SELECT pg_advisory_unlock(${MIGRATION_LOCK})`);
  } finally {
    await holder.release();
    await source.destroy();
  }
}

function postgresOptions(location: PostgresLocation, { entities, size, patience, parameters }: Connections) {
  const options = Object.entries(parameters).map(([name, value]) => `-c ${name}=${value}`);
  return {
    type: 'postgres',
    url: location.url,
    entities,
    migrations,
    synchronize: false,
    installExtensions: false,
    applicationName: 'parlor',
    poolSize: size,
    connectTimeoutMS: CONNECT_TIMEOUT,
    // A connection that is lost while it is idle is taken out of the pool: whoever needs one opens another.
    poolErrorHandler: () => undefined,
    extra: {
      types: wholeNumbers,
      options: options.join(' '),
      ...(patience === undefined ? {} : { stream: () => impatientSocket(patience + NETWORK_GRACE) }),
    },
  } as const satisfies DataSourceOptions;
}

/**
 * A socket that gives up when nothing comes for longer than any statement may take: then the network swallows
 * what is sent, and the operating system would wait for a quarter of an hour. One that is idle is closed too.
 */
function impatientSocket(patience: number): Socket {
  const socket = new Socket();
  socket.setTimeout(patience, () => {
    socket.destroy(Object.assign(new Error('PostgreSQL does not answer'), { code: 'ETIMEDOUT' }));
  });
  return socket;
}

/** A name that leads to several addresses fails with one error for each of them, and no sentence of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  const sentence = error instanceof Error ? error.message : String(error);
  return sentence || codeOf(error);
}
