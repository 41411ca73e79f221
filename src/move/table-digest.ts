import { createHash } from 'node:crypto';
import { pagesOf } from './pages.js';
import { type Readable, type Row, type Table, valuesOf } from './table.js';

const MODULUS = 2n ** 256n;

export interface TableDigest {
  readonly rows: number;
  /** The sum of the SHA-256 of each row: the two databases do not put texts into the same order. */
  readonly digest: bigint;
}

/** @param seen is given each page, to be made what is compared */
export async function tableDigestOf(
  from: Readable,
  table: Table,
  seen: (page: readonly Row[]) => readonly Row[],
): Promise<TableDigest> {
  let rows = 0;
  let digest = 0n;
  for await (const page of pagesOf(from, table, table.key)) {
    for (const row of seen(page)) {
      rows += 1;
      const hash = createHash('sha256').update(JSON.stringify(valuesOf(row, table.columns)));
      digest = (digest + BigInt(`0x${hash.digest('hex')}`)) % MODULUS;
    }
  }
  return { rows, digest };
}
