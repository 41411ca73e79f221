import { Injectable } from '@nestjs/common';

/**
 * One batched read after the other, whatever they ask for. A connection to SQLite runs one query at a time
 * anyway; those that would wait inside it wait here, where questions can still join them. So the busier the
 * database is, the more questions a query answers, and an idle one lets nobody wait.
 */
@Injectable()
export class ReadTurns {
  private last: Promise<void> = Promise.resolve();

  /** @returns when the read is done, however it ended */
  run(read: () => Promise<void>): Promise<void> {
    this.last = this.last.then(read).catch(() => undefined);
    return this.last;
  }
}
