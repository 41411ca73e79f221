import { Injectable } from '@nestjs/common';
import sqlite3 from 'sqlite3';
import { ConfigurationError } from '../config/env-reader.js';
import { Settings } from '../config/settings.js';
import { isLocked } from './storage-faults.js';

/**
 * Keeps a second server away from the SQLite file of this one: the two would not hear of each other's messages.
 * PostgreSQL serves many; there it claims nothing.
 *
 * The claim is an exclusive lock on a small file beside the database. The operating system lets go of it
 * when the process ends, however it ends, so nothing has to be cleaned up after a crash.
 */
@Injectable()
export class ServerClaim {
  private claim: FileClaim | undefined;
  private taken: Promise<void> | undefined;

  constructor(private readonly settings: Settings) {}

  /** Whether no other server has this database. */
  get isExclusive(): boolean {
    return this.settings.database.kind === 'sqlite';
  }

  /**
   * Whoever is about to write as the one server awaits it; the first who asks takes it.
   *
   * @throws ConfigurationError when another server has it
   */
  take(): Promise<void> {
    this.taken ??= this.lockFile();
    return this.taken;
  }

  private async lockFile(): Promise<void> {
    const { database } = this.settings;
    if (database.kind !== 'sqlite') return;
    this.claim = await claimFile(database.file);
    if (this.claim) return;
    throw new ConfigurationError([`DATABASE_URL: another Parlor server is running on ${database.file}.`]);
  }

  /** Lets the next server have it: after the last write of this one. */
  async release(): Promise<void> {
    await this.claim?.release();
    this.claim = undefined;
  }
}

export interface FileClaim {
  release(): Promise<void>;
}

/** @returns nothing when somebody else has it */
export async function claimFile(file: string): Promise<FileClaim | undefined> {
  const lock = await open(`${file}.lock`);
  try {
    await run(lock, 'BEGIN EXCLUSIVE');
    return { release: () => close(lock) };
  } catch (error) {
    await close(lock);
    if (isLocked(error)) return undefined;
    throw error;
  }
}

function open(file: string): Promise<sqlite3.Database> {
  return new Promise((resolve, reject) => {
    const database = new sqlite3.Database(file, (error) => (error ? reject(error) : resolve(database)));
  });
}

function run(database: sqlite3.Database, sql: string): Promise<void> {
  return new Promise((resolve, reject) => database.run(sql, (error) => (error ? reject(error) : resolve())));
}

function close(database: sqlite3.Database): Promise<void> {
  return new Promise((resolve) => database.close(() => resolve()));
}
