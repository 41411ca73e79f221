import type { Row, Value } from './table.js';

/** What stands for a character that cannot be kept (Unicode 16, 3.9). */
const REPLACEMENT = '\uFFFD';

/**
 * The row as PostgreSQL can store it, which knows no U+0000. Messages have none for long; the reasons that clients
 * give when they close a socket may.
 */
export function storable(row: Row): Row {
  return holdsNul(row)
    ? Object.fromEntries(Object.entries(row).map(([column, value]) => [column, withoutNul(value)]))
    : row;
}

export function holdsNul(row: Row): boolean {
  return Object.values(row).some((value) => typeof value === 'string' && value.includes('\0'));
}

function withoutNul(value: Value): Value {
  return typeof value === 'string' ? value.replaceAll('\0', REPLACEMENT) : value;
}
