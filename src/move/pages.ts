import { quoted, type Readable, type Row, type StoredRow, type Table, type Value } from './table.js';

/** Rows in the memory at a time, and bytes of long texts, unless a single one has more. */
const PAGE_ROWS = 1_000;
const PAGE_BYTES = 4 * 1024 * 1024;

/**
 * The rows of a table, page by page, in an order by which they can be found again.
 *
 * @param order columns that are unique together, and have an index
 * @param after the values of those columns in the last row that is not wanted
 */
export async function* pagesOf(
  from: Readable,
  table: Table,
  order: readonly string[],
  after?: readonly Value[],
): AsyncGenerator<Row[]> {
  for (let place = after; ;) {
    const limit = await rowsThatFit(from, table, order, place);
    const columns = table.columns.map(quoted).join(', ');
    const sql = `SELECT ${columns} FROM ${quoted(table.name)} ${beyond(order, place)} LIMIT ${limit}`;
    const page = (await from.read(sql, place ?? [])).map(plain);
    const last = page.at(-1);
    if (!last) return;
    yield page;
    place = order.map((column) => last[column] ?? null);
  }
}

/** Asks for the lengths of the long texts before they are read. */
async function rowsThatFit(
  from: Readable,
  table: Table,
  order: readonly string[],
  place: readonly Value[] | undefined,
): Promise<number> {
  if (table.long.length === 0) return PAGE_ROWS;
  const keys = order.map(quoted).join(', ');
  const octets = table.long.map((column) => `coalesce(octet_length(${quoted(column)}), 0)`).join(' + ');
  const sql = `SELECT count(*) AS fitting FROM (
    SELECT sum(octets) OVER (ORDER BY ${keys} ROWS UNBOUNDED PRECEDING) AS total FROM (
      SELECT ${keys}, ${octets} AS octets FROM ${quoted(table.name)} ${beyond(order, place)} LIMIT ${PAGE_ROWS}
    ) AS page
  ) AS sized WHERE total <= ${PAGE_BYTES}`;
  const [row] = await from.read(sql, place ?? []);
  return Math.max(1, Number(row?.fitting));
}

function beyond(order: readonly string[], place: readonly Value[] | undefined): string {
  const keys = order.map(quoted).join(', ');
  const values = order.map((_, index) => `$${index + 1}`).join(', ');
  return `${place ? `WHERE (${keys}) > (${values})` : ''} ORDER BY ${keys}`;
}

function plain(row: StoredRow): Row {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column,
      typeof value === 'boolean' ? Number(value) : value,
    ]),
  );
}
