import { digestOf } from './history.js';
import type { Stored } from './rest.js';

export type Row = Readonly<Record<string, unknown>>;

/** Where the servers store everything, past the servers. */
export abstract class Storage {
  /**
   * Keeps everybody from writing, as another process might.
   *
   * @returns how to let go
   */
  abstract lock(): Promise<() => Promise<void>>;

  /** What the database itself finds wrong, and what outlives the servers; nothing where all is sound. */
  abstract complaints(): Promise<string[]>;

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

  protected async openConnections(): Promise<string[]> {
    const open = await this.query('SELECT client_id FROM connections WHERE closed_at IS NULL');
    return open.map((row) => `a connection is recorded as open: ${JSON.stringify(row)}`);
  }

  protected abstract query(sql: string): Promise<Row[]>;
}
