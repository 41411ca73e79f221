/**
 * One batched read after the other, whatever they ask for, with SQLite. A connection to it runs one query at a time
 * anyway; those that would wait inside it wait here, where questions can still join them. So the busier the
 * database is, the more questions a query answers, and an idle one lets nobody wait. PostgreSQL has a connection for
 * each kind of question.
 */
export class ReadTurns {
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly isOneByOne = true) {}

  /** @returns when the read is done, however it ended */
  run(read: () => Promise<void>): Promise<void> {
    if (!this.isOneByOne) return read();
    this.last = this.last.then(read).catch(() => undefined);
    return this.last;
  }
}
