import sqlite3 from 'sqlite3';
import { digestOf } from './history.js';
import type { Stored } from './rest.js';

type Row = Readonly<Record<string, unknown>>;

const LOCK_WITHIN_MS = 10_000;

/** The server's database file, past the server. */
export class DatabaseFile {
  constructor(private readonly path: string) {}

  /**
   * Holds the write lock, as another process would.
   *
   * @returns how to let go
   */
  async lock(): Promise<() => Promise<void>> {
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

  /** What SQLite itself finds wrong, and connections that outlive the server; nothing in a sound file. */
  async complaints(): Promise<string[]> {
    const integrity = await this.query('PRAGMA integrity_check');
    const keys = await this.query('PRAGMA foreign_key_check');
    const open = await this.query('SELECT client_id FROM connections WHERE closed_at IS NULL');
    return [
      ...open.map((row) => `a connection is recorded as open: ${JSON.stringify(row)}`),
      ...integrity.map((row) => String(row.integrity_check)).filter((line) => line !== 'ok'),
      ...keys.map((row) => `foreign key: ${JSON.stringify(row)}`),
    ];
  }

  async heads(): Promise<Map<number, number>> {
    const rows = await this.query('SELECT id, head_seq FROM rooms');
    return new Map(rows.map((row) => [Number(row.id), Number(row.head_seq)]));
  }

  /** Of one room, in the order of `seq`. */
  async log(room: number): Promise<Stored[]> {
    const rows = await this.query(`SELECT * FROM messages WHERE room_id = ${room} ORDER BY seq, id`);
    return rows.map((row) => ({
      seq: Number(row.seq),
      id: Number(row.id),
      author: Number(row.user_id),
      digest: digestOf(String(row.content)),
      at: Number(row.created_at),
      clientMsgId: typeof row.client_msg_id === 'string' ? row.client_msg_id : undefined,
    }));
  }

  private async query(sql: string): Promise<Row[]> {
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
