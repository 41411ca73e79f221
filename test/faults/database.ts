import sqlite3 from 'sqlite3';
import { Storage, type Row } from './storage.js';

const LOCK_WITHIN_MS = 10_000;

/** The server's database file, past the server. */
export class DatabaseFile extends Storage {
  constructor(private readonly path: string) {
    super();
  }

  override async lock(): Promise<() => Promise<void>> {
    const database = await opened(this.path, sqlite3.OPEN_READWRITE);
    database.configure('busyTimeout', LOCK_WITHIN_MS);
    try {
      await run(database, 'BEGIN IMMEDIATE');
    } catch (error) {
      await closed(database);
      throw error;
    }
    return async () => {
      await run(database, 'COMMIT').catch(() => undefined);
      await closed(database);
    };
  }

  override async complaints(): Promise<string[]> {
    const integrity = await this.query('PRAGMA integrity_check');
    const keys = await this.query('PRAGMA foreign_key_check');
    return [
      ...(await this.openConnections()),
      ...integrity.map((row) => String(row.integrity_check)).filter((line) => line !== 'ok'),
      ...keys.map((row) => `foreign key: ${JSON.stringify(row)}`),
    ];
  }

  protected override async query(sql: string): Promise<Row[]> {
    const database = await opened(this.path, sqlite3.OPEN_READONLY);
    try {
      return await new Promise<Row[]>((resolve, reject) => {
        database.all(sql, (error: Error | null, rows: Row[]) => (error ? reject(error) : resolve(rows)));
      });
    } finally {
      await closed(database);
    }
  }
}

function opened(path: string, mode: number): Promise<sqlite3.Database> {
  return new Promise((resolve, reject) => {
    const database = new sqlite3.Database(path, mode, (error) => (error ? reject(error) : resolve(database)));
  });
}

function run(database: sqlite3.Database, sql: string): Promise<void> {
  return new Promise((resolve, reject) => database.run(sql, (error) => (error ? reject(error) : resolve())));
}

function closed(database: sqlite3.Database): Promise<void> {
  return new Promise((resolve) => database.close(() => resolve()));
}
