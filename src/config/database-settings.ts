import { accessSync, constants, mkdirSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { EnvReader } from './env-reader.js';
import type { DatabaseLocation, PostgresLocation, SqliteLocation } from './settings.js';

const MAX_POOL = 1_000;
/** In milliseconds. */
const LONGEST_STATEMENT = 3_600_000;

/** Where the database is. Mistakes never repeat the address: it may hold a password. */
export function databaseOf(read: EnvReader): DatabaseLocation {
  const url = read.text('DATABASE_URL', 'sqlite:///./parlor.db');
  const postgres = postgresOf(read, url);
  if (postgres !== undefined) return postgres;
  const path = /^sqlite:\/\/\/(.+)$/.exec(url)?.[1];
  if (path === undefined || path.endsWith('/') || path.includes(':memory:')) {
    read.mistakes.push(
      'DATABASE_URL must be sqlite:/// and the path of a file, for example sqlite:///./parlor.db or sqlite:////var/lib/parlor/parlor.db, or postgresql://user:password@host:5432/database.',
    );
    return { kind: 'sqlite', file: resolve('parlor.db') };
  }
  return { kind: 'sqlite', file: isAbsolute(path) ? path : resolve(path) };
}

function postgresOf(read: EnvReader, url: string): PostgresLocation | undefined {
  const settings = {
    pool: read.integer('DATABASE_POOL', 10, 4, MAX_POOL),
    statementTimeout: read.integer('DATABASE_STATEMENT_TIMEOUT_MS', 10_000, 100, LONGEST_STATEMENT),
    lockTimeout: read.integer('DATABASE_LOCK_TIMEOUT_MS', 3_000, 50, LONGEST_STATEMENT),
  };
  if (!/^postgres(ql)?:/.test(url)) return undefined;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isWhole = parsed !== undefined && /^\/[^/]+$/.test(parsed.pathname) && parsed.hash === '';
  if (!isWhole) {
    read.mistakes.push(
      'DATABASE_URL must name a database, as postgresql://user:password@host:5432/database; special characters are percent-encoded.',
    );
  }
  if (settings.lockTimeout >= settings.statementTimeout) {
    read.mistakes.push('DATABASE_LOCK_TIMEOUT_MS must be shorter than DATABASE_STATEMENT_TIMEOUT_MS.');
  }
  const name = parsed === undefined ? '' : `${parsed.host || 'localhost'}${parsed.pathname}`;
  return { kind: 'postgres', url, name, ...settings };
}

/** SQLite makes further files beside its own, so its folder has to be there and writable. */
export function checkFolder(read: EnvReader, database: DatabaseLocation): void {
  if (database.kind !== 'sqlite') return;
  const folder = dirname(database.file);
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    read.mistakes.push(`DATABASE_URL: the folder ${folder} cannot be used (${reason}).`);
  }
}

/** Where keys are kept that the operator does not give. Several servers on one PostgreSQL share no file. */
export function secretFileOf(read: EnvReader, database: DatabaseLocation): string | undefined {
  if (database.kind === 'sqlite') return fileBeside(database);
  read.mistakes.push(
    'SECRET_KEY is needed with PostgreSQL, the same for every server; openssl rand -base64 48 makes one.',
  );
  return undefined;
}

function fileBeside({ file }: SqliteLocation): string {
  return `${file.replace(/\.(db|sqlite3?)$/, '')}.secret`;
}
