import { createHash } from 'node:crypto';
import { pagesOf } from './pages.js';
import { type Readable, type Row, type Table, valuesOf } from './table.js';

export const MESSAGES = 'messages';
/** Unique, with an index, and the order in which people see a room. */
const IN_ROOMS = ['room_id', 'seq'];

/** The log of one room. */
export interface RoomDigest {
  readonly room: number;
  readonly messages: number;
  readonly head: number;
  /** SHA-256 over all columns of all messages in the order of `seq`, in hexadecimal. */
  readonly digest: string;
}

/**
 * Reads all messages once.
 *
 * @param seen is given each page, to be made what is compared
 * @returns the rooms with messages, by their ids
 */
export async function* roomDigestsOf(
  from: Readable,
  table: Table,
  seen: (page: readonly Row[]) => readonly Row[],
): AsyncGenerator<RoomDigest, void> {
  let open: { room: number; messages: number; head: number } | undefined;
  let hash = createHash('sha256');
  for await (const page of pagesOf(from, table, IN_ROOMS)) {
    for (const row of seen(page)) {
      const room = Number(row.room_id);
      if (open?.room !== room) {
        if (open) yield { ...open, digest: hash.digest('hex') };
        open = { room, messages: 0, head: 0 };
        hash = createHash('sha256');
      }
      open.messages += 1;
      open.head = Number(row.seq);
      hash.update(`${JSON.stringify(valuesOf(row, table.columns))}\n`);
    }
  }
  if (open) yield { ...open, digest: hash.digest('hex') };
}
