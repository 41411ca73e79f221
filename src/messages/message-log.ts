import { Injectable, Logger } from '@nestjs/common';
import { AppError } from '../errors/app-error.js';
import type { Draft } from './draft.js';
import { MessageStore, type Appended, type Outcome } from './message-store.js';
import type { SignedMessage } from './message-view.js';

/**
 * Told what a commit has added to the log of a room, in the order of `seq`, right after the commit and before
 * any of its authors is answered.
 */
export type OnCommitted = (roomId: number, messages: readonly SignedMessage[]) => void;

interface Pending {
  readonly draft: Draft;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: unknown) => void;
}

/** Messages of one transaction: a commit of that many takes a few milliseconds. */
const MAX_BATCH = 500;
/** Appends that may wait for a database that is slower than its clients, and UTF-16 units of their contents. */
const MAX_PENDING = 20_000;
const MAX_PENDING_LENGTH = 16 * 1024 * 1024;
/** Milliseconds of fan-out before the event loop gets a turn. */
const SLICE = 8;

/**
 * The log of every room: gives `seq` inside the commit, one after the other without holes.
 *
 * Group commit: appends that come while a commit is under way share the next one, a single transaction with
 * one INSERT. There is no timer; an append that comes alone is committed at once.
 */
@Injectable()
export class MessageLog {
  private readonly logger = new Logger('MessageLog');
  private pending: Pending[] = [];
  private pendingLength = 0;
  private settled: Promise<void> = Promise.resolve();
  private committed: OnCommitted = () => undefined;

  constructor(private readonly store: MessageStore) {}

  /** Names who is told of commits. `messages/` fans them out. */
  onCommitted(callback: OnCommitted): void {
    this.committed = callback;
  }

  /**
   * Stores a message. Whether the author is a member and may send is decided in the same transaction, so that
   * nothing of theirs can follow the end of their membership, or a mute.
   *
   * @throws AppError `room_not_found` | `not_a_member` | `muted` | `reply_not_found` | `storage_unavailable`
   */
  append(draft: Draft): Promise<Appended> {
    if (this.pending.length >= MAX_PENDING || this.pendingLength >= MAX_PENDING_LENGTH) {
      return Promise.reject(new AppError('storage_unavailable'));
    }
    return new Promise((resolve, reject) => {
      this.pending.push({ draft, resolve, reject });
      this.pendingLength += draft.content.length;
      if (this.pending.length === 1) void this.commitNext();
    });
  }

  /** Asks for one turn of the store; takes what is there when the turn comes. */
  private async commitNext(): Promise<void> {
    let batch: Pending[] = [];
    let outcomes: Outcome[];
    try {
      outcomes = await this.store.append(() => {
        batch = this.takeBatch();
        return batch.map(draftOf);
      });
    } catch (error) {
      // The turn was refused before it came, or its transaction was rolled back: nothing of it is stored.
      if (!(error instanceof AppError)) this.logger.error(error);
      const failed = batch.length > 0 ? batch : this.takeAll();
      const reason =
        error instanceof AppError ? error : new AppError('storage_unavailable', {}, { cause: error });
      for (const { reject } of failed) reject(reason);
      return;
    }
    this.settled = this.settle(batch, outcomes, this.settled);
  }

  /**
   * Tells what was stored, batch after batch: first the rooms, then the authors. A batch for many large rooms
   * gives the event loop a turn now and then: heartbeats and reads do not wait for all of it.
   */
  private async settle(batch: Pending[], outcomes: Outcome[], before: Promise<void>): Promise<void> {
    await before;
    let sliceEnd = performance.now() + SLICE;
    for (const [roomId, stored] of byRoom(batch, outcomes)) {
      this.tell(roomId, stored);
      if (performance.now() < sliceEnd) continue;
      await nextTurn();
      sliceEnd = performance.now() + SLICE;
    }
    for (const [index, { resolve, reject }] of batch.entries()) {
      const outcome = outcomes[index] ?? new AppError('internal');
      if (outcome instanceof AppError) reject(outcome);
      else resolve(outcome);
    }
  }

  private tell(roomId: number, stored: readonly SignedMessage[]): void {
    try {
      this.committed(roomId, stored);
    } catch (error) {
      // It is stored, so its authors are told so; the others find it in the log.
      this.logger.error(error);
    }
  }

  /** Whoever waited for a turn that was refused hears it at once: the next would be as long in coming. */
  private takeAll(): Pending[] {
    const all = this.pending;
    this.pending = [];
    this.pendingLength = 0;
    return all;
  }

  private takeBatch(): Pending[] {
    const batch = this.pending.slice(0, MAX_BATCH);
    for (const { draft } of batch) this.pendingLength -= draft.content.length;
    this.pending = this.pending.slice(MAX_BATCH);
    if (this.pending.length > 0) void this.commitNext();
    return batch;
  }
}

function draftOf({ draft }: Pending): Draft {
  return draft;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What is new in each room. */
function byRoom(batch: readonly Pending[], outcomes: readonly Outcome[]): Map<number, SignedMessage[]> {
  const rooms = new Map<number, SignedMessage[]>();
  for (const [index, { draft }] of batch.entries()) {
    const outcome = outcomes[index];
    if (outcome === undefined || outcome instanceof AppError || outcome.isDuplicate) continue;
    const signed = { message: outcome.message, username: draft.username };
    const stored = rooms.get(draft.roomId);
    if (stored) stored.push(signed);
    else rooms.set(draft.roomId, [signed]);
  }
  return rooms;
}
