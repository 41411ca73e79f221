import sqlite3 from 'sqlite3';
import type { Row } from './database.js';

/** Looks into the server's database file past the server, on a connection of its own. */
export class DatabaseFile {
  constructor(readonly path: string) {}

  query(sql: string, parameters: (string | number)[] = []): Promise<Row[]> {
    return this.withDatabase(sqlite3.OPEN_READONLY, (database, done) => {
      database.all(sql, parameters, (error: Error | null, rows: Row[]) => done(error, rows));
    });
  }

  async execute(sql: string): Promise<void> {
    await this.withDatabase<null>(sqlite3.OPEN_READWRITE, (database, done) => {
      database.exec(sql, (error) => done(error, null));
    });
  }

  /** Holds the write lock, as another process would that forgets to let go. */
  static lock(path: string): Promise<{ release: () => Promise<void> }> {
    return new Promise((resolve, reject) => {
      const database = new sqlite3.Database(path);
      const release = () =>
        new Promise<void>((done) => database.run('COMMIT', () => database.close(() => done())));
      database.configure('busyTimeout', 5_000);
      database.run('BEGIN IMMEDIATE', (error) => (error ? reject(error) : resolve({ release })));
    });
  }

  /** What a crash at this moment would leave behind: every commit, and no farewell. */
  copyTo(path: string): Promise<void> {
    return this.execute(`VACUUM INTO '${path}'`);
  }

  private withDatabase<T>(
    mode: number,
    work: (database: sqlite3.Database, done: (error: Error | null, result: T) => void) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const database = new sqlite3.Database(this.path, mode, (failure) => {
        if (failure) return reject(failure);
        work(database, (error, result) => {
          database.close(() => (error ? reject(error) : resolve(result)));
        });
      });
    });
  }
}
