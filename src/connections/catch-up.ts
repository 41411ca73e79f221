import type { MessageHistoryFrame } from '../protocol/server-frames.js';
import type { Topic } from './topics.js';

/** How far a client has read a log. */
export interface Cursor {
  /** The newest `seq` that it has; 0 for nothing. */
  readonly after: number;
  /** What the server called the log when the client read it. Without it only the place is compared. */
  readonly epoch?: string | undefined;
}

/** One page of what a subscriber has missed. */
export interface BacklogPage {
  readonly frame: MessageHistoryFrame;
  /** Where the page ends: the cursor of the next one. */
  readonly upTo: number;
}

/**
 * Where subscriptions read what their client has missed. `messages/` implements it, so that this folder
 * knows topics, cursors and the id of the reader only.
 */
export interface CatchUp {
  /** Names the logs as they are now: another one after each start, so that a restored log can be told. */
  readonly epoch: string;
  /** Where a client without a cursor begins: the newest few, in one page if they fit. */
  latest(topic: Topic, readerId: number | undefined): Promise<BacklogPage>;
  /**
   * The page after a cursor. `has_more` tells whether another follows.
   *
   * @throws AppError `gap` when the cursor lies beyond the log, or in a log that is not this one
   */
  after(topic: Topic, cursor: Cursor, readerId: number | undefined): Promise<BacklogPage>;
}
