import type { AppError } from '../errors/app-error.js';
import type { Draft } from './draft.js';
import type { Message } from './message.entity.js';

export interface Appended {
  readonly message: Message;
  /** The same `client_msg_id` was there before; nothing was stored. */
  readonly isDuplicate: boolean;
}

export type Outcome = Appended | AppError;

/** Where batches of messages are stored, each in one transaction. */
export abstract class MessageStore {
  /**
   * Stores one batch, after those that were asked for before it. Each draft gets its own outcome: a wrong one does
   * not fail its neighbours.
   *
   * @param take called once, when the turn of the batch has come: gives what waits by then
   * @returns an outcome for each draft, in their order, when the commit is made
   * @throws AppError `storage_unavailable` | `shutting_down`; nothing was stored, as far as anybody knows
   */
  abstract append(take: () => Draft[]): Promise<Outcome[]>;
}
