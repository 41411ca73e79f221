import type { PostgresLocation, SqliteLocation } from '../config/settings.js';
import { Comparison } from './comparison.js';
import { MoveError } from './move-error.js';
import { MoveSource } from './move-source.js';
import { MoveTarget } from './move-target.js';
import { pagesOf } from './pages.js';
import { Progress } from './progress.js';
import { storable } from './storable.js';
import { tablesOf } from './tables.js';
import type { Table } from './table.js';

export interface Moved {
  readonly tables: number;
  readonly rows: number;
  /** By table: rows with a character that PostgreSQL does not store. */
  readonly replaced: ReadonlyMap<string, number>;
}

/** @param write takes a line of progress */
type Write = (line: string) => void;

/**
 * Copies everything, compares everything, and only then lets servers in. The source is not changed. After an
 * interruption, whatever it was, the next call continues.
 *
 * @throws ConfigurationError, MoveError with a sentence for the person at the terminal
 */
export async function moveDatabase(from: SqliteLocation, to: PostgresLocation, write: Write): Promise<Moved> {
  const source = await MoveSource.open(from.file);
  try {
    const target = await MoveTarget.open(to);
    try {
      const tables = await tablesOf(source);
      await target.prepare(to, await source.epoch(), tables);
      const rows = await copyAll(source, target, tables, write);
      await target.analyze();
      const comparison = new Comparison(source, target, new Progress('Compared', rows, write));
      await comparison.run(tables);
      if (comparison.differences.length > 0) {
        throw new MoveError(`The two are not the same:\n  ${comparison.differences.join('\n  ')}`);
      }
      await target.finish(await source.lastIds(tables));
      return { tables: tables.length, rows, replaced: comparison.replaced };
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** @returns how many rows the source has */
async function copyAll(
  source: MoveSource,
  target: MoveTarget,
  tables: readonly Table[],
  write: Write,
): Promise<number> {
  let total = 0;
  for (const table of tables) total += await source.count(table);
  const progress = new Progress('Copied', total, write);
  for (const table of tables) {
    const { copied, lastKey } = await target.markOf(table);
    if (copied > 0) write(`${table.name}: ${copied} rows are there already.`);
    progress.begin(table.name);
    progress.add(copied);
    for await (const page of pagesOf(source, table, table.key, lastKey)) {
      await target.store(table, page.map(storable));
      progress.add(page.length);
    }
  }
  return total;
}
