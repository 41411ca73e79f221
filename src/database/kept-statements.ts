import sqlite3, { type Statement } from 'sqlite3';

type Method = 'all' | 'run';
type Done = (this: Statement, error: Error | null, rows?: unknown[]) => void;

/** Statements of a connection that are kept: the server has about thirty, some of them for each small number of rows. */
const MAX_KEPT = 256;
/** Longer ones have many rows, and read differently each time. */
const MAX_LENGTH = 3_000;
/** Others do not pay, and some pragmas act when they are prepared (https://www.sqlite.org/pragma.html). */
const WORTH_KEEPING = /^(SELECT|WITH|INSERT|UPDATE|DELETE|BEGIN|COMMIT|ROLLBACK)\b/;

/**
 * A connection to SQLite that keeps statements prepared which come again and again. Each use of one is a single trip
 * to the threads of the driver instead of two, and SQLite parses nothing: half of the time of a small commit.
 *
 * A statement is kept the second time that its text is seen, so that those which never come again displace nothing.
 * SQLite prepares it anew by itself when the schema has changed (https://www.sqlite.org/c3ref/prepare.html).
 */
export class KeepingDatabase extends sqlite3.Database {
  /** In the order of their last use. */
  private readonly kept = new Map<string, Statement>();
  private readonly seen = new Set<string>();

  override all(sql: string, ...rest: unknown[]): this {
    this.execute('all', sql, rest);
    return this;
  }

  override run(sql: string, ...rest: unknown[]): this {
    this.execute('run', sql, rest);
    return this;
  }

  override close(callback?: (error: Error | null) => void): void {
    for (const statement of this.kept.values()) statement.finalize();
    this.kept.clear();
    super.close(callback);
  }

  private execute(method: Method, sql: string, rest: readonly unknown[]): void {
    const done = rest.find(isDone) ?? (() => undefined);
    const [parameters = []] = rest.filter((value) => !isDone(value));
    const statement = this.kept.get(sql);
    if (statement) this.again(method, sql, statement, parameters, done);
    else this.anew(method, sql, parameters, done);
  }

  private again(method: Method, sql: string, statement: Statement, parameters: unknown, done: Done): void {
    this.kept.delete(sql);
    this.kept.set(sql, statement);
    statement[method](parameters, done);
  }

  private anew(method: Method, sql: string, parameters: unknown, done: Done): void {
    const statement = this.prepare(sql, function (error: Error | null) {
      if (error) done.call(this, error);
    });
    const finish = this.finish.bind(this);
    statement[method](parameters, function (this: Statement, error: Error | null, rows?: unknown[]) {
      finish(sql, this, error === null);
      done.call(this, error, rows);
    });
  }

  /** A statement that fails at its first uses is not kept. */
  private finish(sql: string, statement: Statement, hasWorked: boolean): void {
    if (hasWorked && isWorthKeeping(sql) && !this.kept.has(sql) && this.comesAgain(sql)) {
      this.keep(sql, statement);
    } else {
      statement.finalize();
    }
  }

  private keep(sql: string, statement: Statement): void {
    this.kept.set(sql, statement);
    if (this.kept.size <= MAX_KEPT) return;
    const [oldest] = this.kept.keys();
    if (oldest === undefined) return;
    this.kept.get(oldest)?.finalize();
    this.kept.delete(oldest);
  }

  /** Whether it was seen before; it is remembered if not. */
  private comesAgain(sql: string): boolean {
    if (this.seen.delete(sql)) return true;
    this.seen.add(sql);
    if (this.seen.size <= MAX_KEPT) return false;
    const [oldest] = this.seen;
    if (oldest !== undefined) this.seen.delete(oldest);
    return false;
  }
}

function isWorthKeeping(sql: string): boolean {
  return sql.length <= MAX_LENGTH && WORTH_KEEPING.test(sql);
}

function isDone(value: unknown): value is Done {
  return typeof value === 'function';
}
