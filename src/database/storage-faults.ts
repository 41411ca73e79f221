/** https://www.sqlite.org/rescode.html: locked, full, read-only, broken, gone. Not what a job did wrong. */
const SQLITE_FAULTS = /^SQLITE_(BUSY|LOCKED|FULL|IOERR|READONLY|CANTOPEN|CORRUPT|NOTADB|NOMEM|PROTOCOL)/;

/**
 * https://www.postgresql.org/docs/current/errcodes-appendix.html. Classes: no connection, no right to connect,
 * too little of something, a system error, an internal error. Then: a standby or read-only, transactions that
 * met others, a lock or a statement that took too long, and a server that stops, has crashed or is starting.
 */
const POSTGRES_FAULTS = /^(08|28|53|58|XX)...$|^(25006|25P03|3D000|40001|40P01|55P03|57014|57P0[1-5])$/;

/** The connection is gone, or there was none. https://nodejs.org/api/errors.html#common-system-errors */
const NETWORK_FAULTS =
  /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENOTFOUND|EAI_AGAIN)$/;

/** What pg says without a code, and TypeORM of a connection that was lost between two statements of a job. */
const LOST_SENTENCES =
  /Connection terminated|Query runner already released|timeout exceeded when trying to connect|connection error and is not queryable|Client was closed|Query read timeout|Driver not Connected/i;

/** Whether an error is about the database itself, so that the same job may succeed later. */
export function isStorageFault(error: unknown): boolean {
  const code = codeOf(error);
  return SQLITE_FAULTS.test(code) || POSTGRES_FAULTS.test(code) || isLost(error);
}

/** Whether somebody else has the lock. */
export function isLocked(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(codeOf(error));
}

/** Whether the file is not what SQLite has written: it may be worse than this one read has shown. */
export function isCorruption(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(codeOf(error));
}

/** Whether PostgreSQL did not hear, or could not answer: it is being started or stopped, or cannot be reached. */
export function isLost(error: unknown): boolean {
  const code = codeOf(error);
  if (/^08...$|^57P0[1-3]$|^25P03$/.test(code) || NETWORK_FAULTS.test(code)) return true;
  return error instanceof Error && LOST_SENTENCES.test(error.message);
}

/**
 * Whether a transaction has met another one and was undone: a deadlock, a snapshot that was too old, or a unique
 * row that appeared behind a check. The next try sees what the other one has done.
 */
export function isCrossing(error: unknown): boolean {
  return /^(40001|40P01|23505)$/.test(codeOf(error));
}

/** SQLite's or PostgreSQL's name of an error; empty if it has none. */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
