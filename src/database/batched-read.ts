import { AppError } from '../errors/app-error.js';
import type { ReadTurns } from './read-turns.js';

interface Asked<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Questions of one query: how long it takes must not depend on how many people came at once. */
const MAX_BATCH = 200;
/** Questions that may wait for a database that is slower than those who ask. */
const MAX_WAITING = 20_000;

/**
 * Questions of one kind to the database, answered together: those of one turn of the event loop share a query,
 * and so do those that come while a query is under way.
 *
 * A query begins after each of its questions was asked, so no answer is older than its question: what was
 * committed before somebody asked, they see.
 */
export class BatchedRead<Question, Answer> {
  private waiting: Asked<Question, Answer>[] = [];
  private reading = false;

  /** @param readAll answers all questions, in their order */
  constructor(
    private readonly turns: ReadTurns,
    private readonly readAll: (questions: readonly Question[]) => Promise<readonly Answer[]>,
    private readonly maxBatch = MAX_BATCH,
  ) {}

  /** @throws AppError `storage_unavailable` when too many wait; otherwise whatever the query of the batch throws */
  ask(question: Question): Promise<Answer> {
    if (this.waiting.length >= MAX_WAITING) return Promise.reject(new AppError('storage_unavailable'));
    return new Promise((resolve, reject) => {
      this.waiting.push({ question, resolve, reject });
      if (!this.reading) void this.readWhileAsked();
    });
  }

  /**
   * Each query waits for the end of the turn, because most of what arrives in it asks too; and for its turn
   * among the reads of other kinds.
   */
  private async readWhileAsked(): Promise<void> {
    this.reading = true;
    while (this.waiting.length > 0) {
      await endOfTurn();
      await this.turns.run(() => this.readOnce(this.takeBatch()));
    }
    this.reading = false;
  }

  private async readOnce(batch: readonly Asked<Question, Answer>[]): Promise<void> {
    try {
      const answers = await this.readAll(batch.map(({ question }) => question));
      if (answers.length !== batch.length) throw new Error('A batch of questions has too few answers.');
      for (const [index, answer] of answers.entries()) batch[index]?.resolve(answer);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  private takeBatch(): Asked<Question, Answer>[] {
    if (this.waiting.length > this.maxBatch) return this.waiting.splice(0, this.maxBatch);
    const batch = this.waiting;
    this.waiting = [];
    return batch;
  }
}

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
