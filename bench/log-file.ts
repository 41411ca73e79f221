import sqlite3 from 'sqlite3';

/** As long as those of the generator. */
const TEXT = 'the quick brown fox jumps over the lazy dog and runs '.repeat(3).slice(0, 119);
/** So many rows in a transaction: the journal of one with millions would need as much room again. */
const CHUNK = 500_000;

/**
 * The database of a Parlor that does not run, filled past the server: five million messages over REST would take
 * hours. What it writes is what the server would have written: `seq` without holes from 1, and the rooms' `head_seq`.
 */
export class LogFile {
  private constructor(private readonly database: sqlite3.Database) {}

  static async change(path: string, what: (file: LogFile) => Promise<void>): Promise<void> {
    const file = new LogFile(await opened(path));
    try {
      // A crash here loses a benchmark, nothing else.
      await file.run('PRAGMA synchronous = OFF');
      await what(file);
      await file.run('PRAGMA wal_checkpoint(TRUNCATE)');
    } finally {
      await new Promise<void>((resolve) => file.database.close(() => resolve()));
    }
  }

  /**
   * Public rooms on an otherwise empty file.
   *
   * @returns their ids
   */
  async addRooms(count: number, ownerId: number): Promise<number[]> {
    await this.run(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
       INSERT INTO rooms (id, name, name_key, visibility, owner_id, created_at)
       SELECT i, 'room ' || i, 'room ' || i, 'public', ${ownerId}, ${Date.now()} FROM n`,
    );
    return Array.from({ length: count }, (_, index) => index + 1);
  }

  /** Makes everybody a member of every room. */
  async addMembers(): Promise<void> {
    await this.run(
      `INSERT OR IGNORE INTO memberships (room_id, user_id, joined_at)
       SELECT rooms.id, users.id, ${Date.now()} FROM rooms, users`,
    );
  }

  /** Appends so many messages to a room without any, by all users in turn. */
  async fill(room: number, count: number, users: number): Promise<void> {
    for (let done = 0; done < count; done += CHUNK) {
      const end = Math.min(done + CHUNK, count);
      await this.run(
        `WITH RECURSIVE n(i) AS (SELECT ${done + 1} UNION ALL SELECT i + 1 FROM n WHERE i < ${end})
         INSERT INTO messages (room_id, seq, user_id, content, created_at)
         SELECT ${room}, i, 1 + i % ${users}, '${TEXT}', ${Date.now()} - ${count} + i FROM n`,
      );
    }
    await this.run(`UPDATE rooms SET head_seq = ${count} WHERE id = ${room}`);
  }

  private run(sql: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.database.run(sql, (error) => (error ? reject(error) : resolve()));
    });
  }
}

function opened(path: string): Promise<sqlite3.Database> {
  return new Promise((resolve, reject) => {
    const database = new sqlite3.Database(path, sqlite3.OPEN_READWRITE, (error) =>
      error ? reject(error) : resolve(database),
    );
  });
}
