/** A table as both databases have it: the same migrations made it. */
export interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  /** The columns of the primary key, in its order. */
  readonly key: readonly string[];
  /** Columns of texts that are as long as somebody has written them. */
  readonly long: readonly string[];
}

export type Value = string | number | null;
/** As a driver gives it: PostgreSQL has booleans, SQLite 0 and 1. */
export type StoredRow = Readonly<Record<string, Value | boolean>>;
export type Row = Readonly<Record<string, Value>>;

/** Either database: it is asked what means the same to both. */
export interface Readable {
  /** @param values for `$1`, `$2` and so on */
  read(sql: string, values: readonly Value[]): Promise<StoredRow[]>;
}

/** The values of a row in the order of the columns. */
export function valuesOf(row: Row, columns: readonly string[]): Value[] {
  return columns.map((column) => row[column] ?? null);
}

export function quoted(name: string): string {
  return `"${name}"`;
}
