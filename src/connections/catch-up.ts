import type { MessageHistoryFrame } from '../protocol/server-frames.js';
import type { Topic } from './topics.js';

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
  /** Where a client without a cursor begins: the newest few, in one page if they fit. */
  latest(topic: Topic, readerId: number | undefined): Promise<BacklogPage>;
  /**
   * The page after a cursor. `has_more` tells whether another follows.
   *
   * @throws AppError `gap` when the cursor lies beyond the log
   */
  after(topic: Topic, cursor: number, readerId: number | undefined): Promise<BacklogPage>;
}
