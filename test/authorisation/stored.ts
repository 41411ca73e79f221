import type { TestServer } from '../support/test-server.js';

/** Everything that is stored, as one text for each row, by table. */
export type Stored = Record<string, string[]>;

/**
 * What may change although a call was refused, by table: `'*'` for all of it.
 *
 * Records of sockets are written later than they come and go, and nodes say that they live.
 */
const MAY_CHANGE: Readonly<Record<string, '*' | readonly string[]>> = {
  connections: '*',
  nodes: ['beats'],
  sessions: ['last_used_at'],
};

/** Reads every table, whatever tables there are. Two of them are equal if nothing was written between them. */
export async function readStored({ database }: TestServer): Promise<Stored> {
  const stored: Stored = {};
  for (const name of await database.tables()) {
    const left = MAY_CHANGE[name] ?? [];
    if (left === '*') continue;
    const rows = await database.query(`SELECT * FROM "${name}"`);
    stored[name] = rows.map((row) => {
      const kept = Object.entries(row).filter(([column]) => !left.includes(column));
      return JSON.stringify(Object.fromEntries(kept));
    });
  }
  return stored;
}
