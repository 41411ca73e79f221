import { MoveError } from './move-error.js';
import type { MoveSource } from './move-source.js';
import { quoted, type Table } from './table.js';

/** What belongs to a database itself: which migrations it has seen, and which servers run on it. */
const LEFT_OUT = ['migrations', 'nodes'];

/**
 * Every table of the source, each behind those that it refers to. The schema is asked, not the entities: what a later
 * migration adds is moved too.
 */
export async function tablesOf(source: MoveSource): Promise<Table[]> {
  const sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name";
  const rows = await source.all<{ name: string }>(sql);
  const waiting = rows.map(({ name }) => name).filter((name) => !LEFT_OUT.includes(name));
  const taken: Table[] = [];
  while (waiting.length > 0) {
    const next = await indexOfNext(source, waiting);
    taken.push(await tableOf(source, waiting.splice(next, 1).join()));
  }
  return taken;
}

async function indexOfNext(source: MoveSource, waiting: readonly string[]): Promise<number> {
  for (const [index, name] of waiting.entries()) {
    const references = await source.all<{ table: string }>(`PRAGMA foreign_key_list(${quoted(name)})`);
    if (!references.some(({ table }) => table !== name && waiting.includes(table))) return index;
  }
  throw new MoveError(`These tables refer to each other in a circle: ${waiting.join(', ')}.`);
}

async function tableOf(source: MoveSource, name: string): Promise<Table> {
  const columns = await source.all<{ name: string; type: string; pk: number }>(
    `PRAGMA table_info(${quoted(name)})`,
  );
  const key = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
  if (key.length === 0) throw new MoveError(`The table ${name} has no primary key.`);
  return {
    name,
    columns: columns.map((column) => column.name),
    key: key.map((column) => column.name),
    long: columns.filter(({ type }) => type === 'text').map((column) => column.name),
  };
}
