/** Milliseconds between two lines. */
const INTERVAL = 2_000;

/** Tells the person at the terminal every few seconds how far it is. */
export class Progress {
  private table = '';
  private rows = 0;
  private told = performance.now();

  /** @param verb what is done with the rows, as `Copied` */
  constructor(
    private readonly verb: string,
    private readonly total: number,
    private readonly write: (line: string) => void,
  ) {}

  begin(table: string): void {
    this.table = table;
  }

  add(rows: number): void {
    this.rows += rows;
    if (performance.now() - this.told < INTERVAL) return;
    this.told = performance.now();
    this.write(`${this.verb} ${this.rows} of ${this.total} rows (${this.table}).`);
  }
}
