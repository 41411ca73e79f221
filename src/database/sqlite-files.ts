import { statSync } from 'node:fs';

/** What SQLite itself reports where it notices, which is not in WAL mode. */
class FileMoved extends Error {
  readonly code = 'SQLITE_READONLY_DBMOVED';

  constructor(file: string) {
    super(`SQLITE_READONLY_DBMOVED: ${file} is not there, or is another file than the one that was opened`);
  }
}

/**
 * Notices when the files of an open database are not in their place any more. SQLite goes on writing to a
 * file that was removed or renamed, and says that all is well; but nobody will find those commits again.
 * (https://www.sqlite.org/howtocorrupt.html, 2.4)
 *
 * Made when the database is open and in WAL mode, so that both files are there.
 */
export class SqliteFiles {
  private readonly opened: ReadonlyMap<string, string>;

  constructor(database: string) {
    this.opened = new Map([database, `${database}-wal`].map((file) => [file, identityOf(file)]));
  }

  /** @throws Error with SQLite's code for it */
  check(): void {
    for (const [file, identity] of this.opened) if (identityOf(file) !== identity) throw new FileMoved(file);
  }
}

/** Device and inode, which a file keeps when it is renamed and never shares with its successor. */
function identityOf(file: string): string {
  try {
    const { dev, ino } = statSync(file);
    return `${dev}:${ino}`;
  } catch {
    // Not there, or in a place where we may not look: commits would not be found there either.
    return 'none';
  }
}
