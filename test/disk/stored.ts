import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import sqlite3 from 'sqlite3';
import type { Promised } from './outgoing.parser.js';

const DATABASE = 'parlor.db';

interface StoredRow {
  readonly id: number;
  readonly room_id: number;
  readonly seq: number;
  readonly content: string;
  readonly client_msg_id: string | null;
}

/** What a database file says when it is opened: its messages, and whether it is whole. */
export interface Stored {
  readonly messages: readonly StoredRow[];
  readonly heads: ReadonlyMap<number, number>;
  /** What SQLite finds wrong with the file itself; `['ok']` if nothing. */
  readonly integrity: readonly string[];
}

const NOTHING: Stored = { messages: [], heads: new Map(), integrity: ['ok'] };

/** Puts the files that are left into a folder, and opens the database among them, as the next start would. */
export async function openLeftovers(files: ReadonlyMap<string, Buffer>, folder: string): Promise<Stored> {
  if (!files.has(DATABASE)) return NOTHING;
  await mkdir(folder);
  for (const [name, bytes] of files) {
    // A lock does not outlive its process; basename, because a record could name anything.
    if (!name.includes('.lock')) await writeFile(join(folder, basename(name)), bytes);
  }
  try {
    return await readStored(join(folder, DATABASE));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Reads on a connection that may write: only such a one rolls back what was half done. */
export function readStored(path: string): Promise<Stored> {
  return new Promise((resolve, reject) => {
    const database = new sqlite3.Database(path, sqlite3.OPEN_READWRITE, (failure) => {
      if (failure) return reject(failure);
      const all = <Row>(sql: string) =>
        new Promise<Row[]>((give, fail) => {
          database.all<Row>(sql, (error, rows) => (error ? fail(error) : give(rows)));
        });
      const done = (settle: () => void) => database.close(settle);
      readAll(all).then(
        (stored) => done(() => resolve(stored)),
        (error: Error) => done(() => reject(error)),
      );
    });
  });
}

async function readAll(all: <Row>(sql: string) => Promise<Row[]>): Promise<Stored> {
  // Closing such a connection checkpoints; nobody needs that on a disk.
  await all('PRAGMA synchronous = OFF');
  const check = await all<{ integrity_check: string }>('PRAGMA integrity_check');
  const integrity = check.map((row) => row.integrity_check);
  const tables = await all<{ name: string }>(`SELECT name FROM sqlite_master WHERE type = 'table'`);
  if (!tables.some(({ name }) => name === 'messages')) return { ...NOTHING, integrity };
  const rooms = await all<{ id: number; head_seq: number }>('SELECT id, head_seq FROM rooms');
  return {
    messages: await all<StoredRow>(
      'SELECT id, room_id, seq, content, client_msg_id FROM messages ORDER BY room_id, seq',
    ),
    heads: new Map(rooms.map(({ id, head_seq }) => [id, head_seq])),
    integrity,
  };
}

/** Everything that must hold of a file whatever happened to it, as sentences about what does not. */
export function brokenIn({ messages, heads, integrity }: Stored): string[] {
  const broken = integrity
    .filter((sentence) => sentence !== 'ok')
    .map((sentence) => `integrity: ${sentence}`);
  for (const [room, head] of heads) {
    const seqs = messages.filter(({ room_id }) => room_id === room).map(({ seq }) => seq);
    const dense = seqs.length === head && seqs.every((seq, index) => seq === index + 1);
    if (!dense) broken.push(`room ${room} has its head at ${head} and the seqs ${seqs.join(',')}`);
  }
  const sent = messages.flatMap(({ room_id, client_msg_id }) =>
    client_msg_id === null ? [] : [`${room_id} ${client_msg_id}`],
  );
  if (new Set(sent).size !== sent.length) broken.push('a message is stored twice');
  return broken;
}

/** Those of the promised messages that are not stored exactly as they were promised. */
export function lostOf(promised: readonly Promised[], { messages }: Stored): Promised[] {
  const byId = new Map(messages.map((message) => [message.id, message]));
  return promised.filter(({ id, seq, content, clientMsgId }) => {
    const found = byId.get(id);
    return (
      found?.seq !== seq ||
      (content !== undefined && found.content !== content) ||
      (clientMsgId !== undefined && found.client_msg_id !== clientMsgId)
    );
  });
}
