import { readFile } from 'node:fs/promises';

interface Recorded {
  /** Place in the record, in bytes. */
  readonly position: number;
  /** Nanoseconds of a monotonic clock. */
  readonly time: bigint;
}

/** A file is named by its inode, as long as there is a name or a descriptor for it. */
type FileId = bigint;

export type Operation = Recorded &
  (
    | { readonly kind: 'opened'; readonly file: FileId; readonly name: string; readonly isNew: boolean }
    | { readonly kind: 'written'; readonly file: FileId; readonly offset: number; readonly bytes: Buffer }
    | { readonly kind: 'cut'; readonly file: FileId; readonly size: number }
    /** `since`: the length of the record when the sync began. It covers what is recorded before that. */
    | { readonly kind: 'synced' | 'unsynced'; readonly file: FileId; readonly since: number }
    | { readonly kind: 'unlinked'; readonly name: string }
    | { readonly kind: 'renamed'; readonly from: string; readonly to: string }
    | { readonly kind: 'sending'; readonly socket: FileId; readonly bytes: Buffer }
    /** Of the bytes that were `sending` before on this socket, only the first `count` went. */
    | { readonly kind: 'sent'; readonly socket: FileId; readonly count: number }
  );

/** `struct header` in disk-shim.c. */
const HEADER_BYTES = 32;

/** Everything that disk-shim.c wrote down, oldest first. Half a record at the end is that of a killed process. */
export async function readRecord(path: string): Promise<Operation[]> {
  const record = await readFile(path);
  const operations: Operation[] = [];
  for (let position = 0; position + HEADER_BYTES <= record.length;) {
    const end = position + HEADER_BYTES + record.readUInt32LE(position);
    if (end > record.length) break;
    operations.push(operationIn(record.subarray(position, end), position));
    position = end;
  }
  return operations;
}

function operationIn(record: Buffer, position: number): Operation {
  const letter = record.toString('latin1', 4, 5);
  const file = record.readBigUInt64LE(8);
  const at = Number(record.readBigUInt64LE(16));
  const recorded = { position, time: record.readBigUInt64LE(24) };
  const bytes = record.subarray(HEADER_BYTES);
  switch (letter) {
    case 'O':
      return { ...recorded, kind: 'opened', file, name: bytes.toString(), isNew: at === 1 };
    case 'W':
      return { ...recorded, kind: 'written', file, offset: at, bytes };
    case 'T':
      return { ...recorded, kind: 'cut', file, size: at };
    case 'S':
      return { ...recorded, kind: 'synced', file, since: at };
    case 'E':
      return { ...recorded, kind: 'unsynced', file, since: at };
    case 'U':
      return { ...recorded, kind: 'unlinked', name: bytes.toString() };
    case 'R': {
      const [from = '', to = ''] = bytes.toString().split('\0');
      return { ...recorded, kind: 'renamed', from, to };
    }
    case 'N':
      return { ...recorded, kind: 'sending', socket: file, bytes };
    case 'P':
      return { ...recorded, kind: 'sent', socket: file, count: at };
    default:
      throw new Error(`The record has a "${letter}" at ${position}, which nobody writes.`);
  }
}
