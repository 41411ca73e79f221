export type Row = Record<string, string | number | null>;

/** What tests ask of the database of a server, past the server. */
export interface TestDatabase {
  /** For DATABASE_URL. */
  readonly url: string;
  /** @param parameters one for each `?` */
  query(sql: string, parameters?: (string | number)[]): Promise<Row[]>;
  execute(sql: string): Promise<void>;
  /** The names of all tables. */
  tables(): Promise<string[]>;
  /**
   * Makes what is done to a table fail with "no paper left".
   *
   * @param what for instance `INSERT`
   * @returns what mends it
   */
  breakTable(what: 'INSERT' | 'UPDATE', table: string): Promise<() => Promise<void>>;
  remove(): Promise<void>;
}
