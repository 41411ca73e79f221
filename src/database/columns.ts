import { Column, PrimaryGeneratedColumn, type ColumnOptions } from 'typeorm';

/** 64-bit integers leave some drivers as text. */
const wholeNumber = {
  from: (stored: string | number | null): number | null => (stored === null ? null : Number(stored)),
  to: (value: number | null): number | null => value,
};

/** An id that the database gives and never gives twice: AUTOINCREMENT in SQLite. */
export const GeneratedId = () => PrimaryGeneratedColumn({ type: 'integer' });

/** The largest that a {@link GeneratedId} can be in PostgreSQL. */
export const MAX_ID = 2 ** 31 - 1;

/** An id that somebody names, as it can be asked for: PostgreSQL does not compare what no id can be. 0 is nobody's. */
export function askableId(id: number): number {
  return id > MAX_ID ? 0 : id;
}

/** A time, stored as whole milliseconds since the epoch: databases have no time type in common. */
export const TimeColumn = (options: ColumnOptions = {}) =>
  Column({ ...options, type: 'bigint', transformer: wholeNumber });

let newest = { milliseconds: 0, text: new Date(0).toISOString() };

/** ISO 8601 in UTC with `Z`, as every answer shows times. All messages of one commit ask for the same. */
export function iso(milliseconds: number): string {
  if (newest.milliseconds !== milliseconds) {
    newest = { milliseconds, text: new Date(milliseconds).toISOString() };
  }
  return newest.text;
}
