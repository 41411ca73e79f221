import type { Operation } from './record.js';
import type { Seeded } from './seeded.js';

/** The unit that a disk writes whole or not at all. In bytes. */
const SECTOR = 512;

/** What becomes of that which no sync has covered: nothing of it is there, all of it, or any part. */
export type Survival = 'gone' | 'kept' | 'torn';

type Change =
  | { readonly position: number; readonly offset: number; readonly bytes: Buffer }
  | { readonly position: number; readonly size: number };

/** The bytes of a file. Grows in large steps. */
class Content {
  private size = 0;
  private buffer = Buffer.alloc(4096);

  write(offset: number, bytes: Buffer): void {
    const end = offset + bytes.length;
    if (end > this.buffer.length) {
      const larger = Buffer.alloc(end * 2);
      this.buffer.copy(larger, 0, 0, this.size);
      this.buffer = larger;
    }
    bytes.copy(this.buffer, offset);
    this.size = Math.max(this.size, end);
  }

  /** What lies behind the new end is zero if the file grows again (POSIX, ftruncate). */
  cut(size: number): void {
    if (size > this.size) this.write(size - 1, Buffer.alloc(1));
    else this.buffer.fill(0, size, this.size);
    this.size = size;
  }

  copy(): Content {
    const copy = new Content();
    copy.buffer = Buffer.from(this.bytes);
    copy.size = this.size;
    return copy;
  }

  get bytes(): Buffer {
    return this.buffer.subarray(0, this.size);
  }
}

class DiskFile {
  readonly durable = new Content();
  pending: Change[] = [];

  sync(since: number): void {
    for (const change of this.pending) if (change.position < since) apply(change, this.durable);
    this.forget(since);
  }

  forget(since: number): void {
    this.pending = this.pending.filter(({ position }) => position >= since);
  }

  after(survival: Survival, random: Seeded, luck: number): Buffer {
    const content = this.durable.copy();
    for (const change of this.pending) {
      if (survival === 'kept') apply(change, content);
      if (survival === 'torn') tear(change, content, random, luck);
    }
    return content.bytes;
  }
}

/** A name that appears, or one that goes. */
interface Entry {
  readonly position: number;
  readonly name: string;
  readonly file: DiskFile | undefined;
}

/**
 * What a disk holds when the power fails, at any operation of a record.
 *
 * The model is the least that POSIX promises, which is less than any file system of today keeps: a sync of a file
 * covers its bytes and its size; a name, new or gone, is covered by a sync of the folder only (fsync(2): "Calling
 * fsync() does not necessarily ensure that the entry in the directory containing the file has also reached disk").
 * All else may be there or not, sector by sector and in any order. A sector itself is not torn, which SQLite takes for
 * granted too (https://www.sqlite.org/atomiccommit.html, 2.0).
 *
 * After a sync that failed, Linux may call the pages clean that it could not write: no later sync writes them
 * (https://lwn.net/Articles/752063/). `forgetful` is such a disk.
 */
export class Disk {
  private readonly files = new Map<bigint, DiskFile>();
  private readonly names = new Map<string, DiskFile>();
  private entries: Entry[] = [];
  private folder: bigint | undefined;

  constructor(private readonly forgetful = false) {}

  apply(operation: Operation): void {
    const { position } = operation;
    switch (operation.kind) {
      case 'opened':
        return this.opened(operation);
      case 'written':
        this.fileOf(operation.file).pending.push({
          position,
          offset: operation.offset,
          bytes: operation.bytes,
        });
        return;
      case 'cut':
        this.fileOf(operation.file).pending.push({ position, size: operation.size });
        return;
      case 'synced':
        if (operation.file === this.folder) return this.syncFolder(operation.since);
        return this.fileOf(operation.file).sync(operation.since);
      case 'unsynced':
        if (this.forgetful && operation.file !== this.folder) {
          this.fileOf(operation.file).forget(operation.since);
        }
        return;
      case 'unlinked':
        this.entries.push({ position, name: operation.name, file: undefined });
        return;
      case 'renamed': {
        const file = this.entriesNow().get(operation.from);
        this.entries.push({ position, name: operation.to, file });
        this.entries.push({ position, name: operation.from, file: undefined });
        return;
      }
      case 'sending':
      case 'sent':
        return;
    }
  }

  /** The files that are found after the power has failed now. Changes nothing here. */
  afterPowerLoss(survival: Survival, random: Seeded): Map<string, Buffer> {
    const luck = random.next();
    const survives = () => survival === 'kept' || (survival === 'torn' && random.chance(luck));
    const names = this.entriesNow(survives);
    return new Map([...names].map(([name, file]) => [name, file.after(survival, random, luck)]));
  }

  private opened({ file, name, isNew, position }: Operation & { kind: 'opened' }): void {
    if (name === '') {
      this.folder = file;
    } else if (isNew) {
      const made = new DiskFile();
      this.files.set(file, made);
      this.entries.push({ position, name, file: made });
    } else {
      this.fileOf(file);
    }
  }

  private syncFolder(since: number): void {
    for (const entry of this.entries) if (entry.position < since) enter(entry, this.names);
    this.entries = this.entries.filter(({ position }) => position >= since);
  }

  private entriesNow(survives = () => true): Map<string, DiskFile> {
    const names = new Map(this.names);
    for (const entry of this.entries) if (survives()) enter(entry, names);
    return names;
  }

  private fileOf(id: bigint): DiskFile {
    const file = this.files.get(id);
    if (!file) throw new Error(`File ${id} was there before the record began.`);
    return file;
  }
}

function apply(change: Change, content: Content): void {
  if ('size' in change) content.cut(change.size);
  else content.write(change.offset, change.bytes);
}

/** Each sector for itself, with the same luck. */
function tear(change: Change, content: Content, random: Seeded, luck: number): void {
  if ('size' in change) {
    if (random.chance(luck)) content.cut(change.size);
    return;
  }
  const { offset, bytes } = change;
  for (let start = 0; start < bytes.length;) {
    const end = Math.min(bytes.length, start + SECTOR - ((offset + start) % SECTOR));
    if (random.chance(luck)) content.write(offset + start, bytes.subarray(start, end));
    start = end;
  }
}

function enter({ name, file }: Entry, names: Map<string, DiskFile>): void {
  if (file) names.set(name, file);
  else names.delete(name);
}
