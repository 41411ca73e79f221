import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { databaseOf } from './config/database-settings.js';
import { ConfigurationError, EnvReader } from './config/env-reader.js';
import type { DatabaseLocation, PostgresLocation, SqliteLocation } from './config/settings.js';
import { moveDatabase, type Moved } from './move/move-database.js';
import { MoveError } from './move/move-error.js';

const USAGE = `Usage: npm run move -- --from sqlite:///FILE --to postgresql://USER:PASSWORD@HOST:5432/DATABASE

Copies everything from SQLite into an empty database in PostgreSQL, and compares the two. No server may be running on
either. The file is not changed. After an interruption the same command continues.`;

interface Plan {
  readonly from: SqliteLocation;
  readonly to: PostgresLocation;
}

/** @returns nothing for what cannot be understood */
function parse(args: string[]): Plan | undefined {
  const from = locationOf(optionOf(args, 'from'));
  const to = locationOf(optionOf(args, 'to'));
  return from?.kind === 'sqlite' && to?.kind === 'postgres' ? { from, to } : undefined;
}

function optionOf(args: string[], name: 'from' | 'to'): string | undefined {
  const options = { from: { type: 'string' }, to: { type: 'string' } } as const;
  try {
    return parseArgs({ args, options, strict: true }).values[name];
  } catch {
    // What is wrong with it may be a password.
    return undefined;
  }
}

function locationOf(url: string | undefined): DatabaseLocation | undefined {
  const read = new EnvReader({ DATABASE_URL: url });
  const location = databaseOf(read);
  return url === undefined || read.mistakes.length > 0 ? undefined : location;
}

/** @returns what to tell the person at the terminal */
function reportOf({ tables, rows, replaced }: Moved, { to }: Plan, seconds: number): string {
  const changed = [...replaced].map(
    ([table, count]) =>
      `${table}: ${count} of them held U+0000, which PostgreSQL does not store; U+FFFD stands there now.`,
  );
  return [
    `${to.name} has all ${rows} rows of ${tables} tables, compared, after ${seconds.toFixed(1)} s.`,
    ...changed,
    'The file is as it was. Give the servers its keys in SECRET_KEY and SECRET_KEYS_OLD, so that nobody is logged out.',
  ].join('\n');
}

async function main(): Promise<void> {
  const plan = parse(process.argv.slice(2));
  if (!plan) {
    console.error(USAGE);
    process.exitCode = 2;
    return;
  }
  const started = performance.now();
  const moved = await moveDatabase(plan.from, plan.to, (line) => console.error(line));
  console.log(reportOf(moved, plan, (performance.now() - started) / 1_000));
}

main().catch((error: unknown) => {
  const isUnderstood = error instanceof ConfigurationError || error instanceof MoveError;
  console.error(isUnderstood ? error.message : error);
  process.exitCode = 1;
});
