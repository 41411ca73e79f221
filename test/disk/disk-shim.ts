import { execFile } from 'node:child_process';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll } from '@jest/globals';
import type { Env } from '../support/test-settings.js';

/** What goes wrong with the files of the database, until it is mended. */
export interface Fault {
  readonly call: 'sync' | 'write' | 'read';
  /** EROFS with `write` is a disk that has become read-only: opening for writing fails too. */
  readonly error: 'EIO' | 'ENOSPC' | 'EROFS';
  /** The file that it is about; all of them if absent. */
  readonly only?: 'database' | 'wal';
  /** So many calls still work, at most 255. */
  readonly skip?: number;
  /** Then so many fail, at most 255; all if absent. */
  readonly times?: number;
}

/** `struct control` in disk-shim.c. */
const CONTROL = { bytes: 16, sync: 0, write: 1, read: 2, only: 3, skip: 4, times: 5, swallow: 6, failed: 12 };
const FILES = { database: 1, wal: 2 };

/**
 * Compiles disk-shim.c for the tests of this file.
 *
 * @returns puts a folder on such a disk; the disk starts whole and records what happens
 */
export function buildDiskShim(): (folder: string) => Promise<DiskShim> {
  let own: string;
  let library: string;
  beforeAll(async () => {
    own = await mkdtemp(join(tmpdir(), 'parlor-shim-'));
    library = join(own, 'disk-shim.so');
    const source = join(import.meta.dirname, 'disk-shim.c');
    const how = ['-std=gnu11', '-O2', '-shared', '-fPIC'];
    await promisify(execFile)('cc', [...how, '-o', library, source, '-ldl', '-pthread']);
  });
  afterAll(() => rm(own, { recursive: true }));
  return async (folder) => DiskShim.under(folder, library, await mkdtemp(join(own, 'disk-')));
}

/** The disk under one folder, seen from outside of the process that uses it. */
export class DiskShim {
  private constructor(
    private readonly folder: string,
    private readonly library: string,
    private readonly control: string,
    /** What happened so far; {@link readRecord} reads it. */
    readonly record: string,
  ) {}

  static async under(folder: string, library: string, own: string): Promise<DiskShim> {
    const control = join(own, 'faults');
    await writeFile(control, Buffer.alloc(CONTROL.bytes));
    return new DiskShim(await realpath(folder), library, control, join(own, 'record'));
  }

  /** For the process whose disk it is. `recorded: false` for long runs that nobody replays. */
  env({ recorded = true } = {}): Env {
    const record: Env = recorded ? { PARLOR_RECORD: this.record } : {};
    return { LD_PRELOAD: this.library, PARLOR_DISK: this.folder, PARLOR_FAULTS: this.control, ...record };
  }

  /** From the next call on; replaces what was broken before. */
  fail({ call, error, only, skip = 0, times = 0 }: Fault): void {
    const control = Buffer.alloc(CONTROL.bytes);
    control[CONTROL[call]] = constants.errno[error];
    control[CONTROL.only] = only === undefined ? 0 : FILES[only];
    control[CONTROL.skip] = skip;
    control[CONTROL.times] = times;
    this.write(control);
  }

  /** Every sync says that it is done, and is not. */
  swallowSyncs(): void {
    const control = Buffer.alloc(CONTROL.bytes);
    control[CONTROL.swallow] = 1;
    this.write(control);
  }

  /** Everything works again. */
  mend(): void {
    this.write(Buffer.alloc(CONTROL.bytes));
  }

  /** How many calls the present fault has failed. */
  get failed(): number {
    const control = Buffer.alloc(CONTROL.bytes);
    const file = openSync(this.control, 'r');
    readSync(file, control, 0, CONTROL.bytes, 0);
    closeSync(file);
    return control.readUInt32LE(CONTROL.failed);
  }

  /** One call, so that the process never sees half of it. */
  private write(control: Buffer): void {
    const file = openSync(this.control, 'r+');
    writeSync(file, control, 0, CONTROL.bytes, 0);
    closeSync(file);
  }
}
