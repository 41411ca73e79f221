import type { TestServer } from '../support/test-server.js';

/** Everything that is stored, as one text for each row, by table. */
export type Stored = Record<string, string[]>;

/**
 * What may change although a call was refused, by table: `'*'` for all of it.
 *
 * Records of sockets are written later than they come and go.
 */
const MAY_CHANGE: Readonly<Record<string, '*' | readonly string[]>> = {
  connections: '*',
  sessions: ['last_used_at'],
};

/** Reads every table, whatever tables there are. Two of them are equal if nothing was written between them. */
export async function readStored({ database }: TestServer): Promise<Stored> {
  const tables = await database.query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
  const stored: Stored = {};
  for (const { name } of tables) {
    const left = MAY_CHANGE[String(name)] ?? [];
    if (left === '*') continue;
    const rows = await database.query(`SELECT * FROM "${name}"`);
    stored[String(name)] = rows.map((row) => {
      const kept = Object.entries(row).filter(([column]) => !left.includes(column));
      return JSON.stringify(Object.fromEntries(kept));
    });
  }
  return stored;
}
