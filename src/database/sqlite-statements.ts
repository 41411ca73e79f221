/** Takes the write lock at once: a transaction that reads first and writes later can fail without waiting. */
export const BEGIN = 'BEGIN IMMEDIATE';

/** A write that changes nothing that anybody reads: it needs the lock, the disk and the rights of any other. */
export const WRITE_PROBE = 'PRAGMA user_version = 1';

/** Drops clean pages from the cache of a connection: https://www.sqlite.org/pragma.html#pragma_shrink_memory */
export const FORGET_PAGES = 'PRAGMA shrink_memory';
