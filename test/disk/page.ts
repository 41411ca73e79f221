import { open, stat } from 'node:fs/promises';
import { DatabaseFile } from '../support/database-file.js';

const PAGE = 4096;

/** One page of a database file, to be damaged behind the back of whoever has the file open. */
export class Page {
  private constructor(
    private readonly path: string,
    private readonly offset: number,
    private readonly whole: Buffer,
  ) {}

  /** A leaf in the middle of a table or an index: what is appended goes elsewhere. */
  static async inTheMiddleOf(path: string, tree: string): Promise<Page> {
    const database = new DatabaseFile(path);
    // Pages that are still in the WAL would hide the damage.
    await database.execute('PRAGMA wal_checkpoint(TRUNCATE)');
    const { size } = await stat(`${path}-wal`);
    if (size > 0) throw new Error(`The WAL still holds ${size} bytes.`);
    const leaves = await database.query(
      `SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path`,
      [tree],
    );
    const offset = (Number(leaves.at(Math.floor(leaves.length / 2))?.pageno) - 1) * PAGE;
    const whole = Buffer.alloc(PAGE);
    const file = await open(path, 'r');
    await file.read(whole, 0, PAGE, offset);
    await file.close();
    return new Page(path, offset, whole);
  }

  /** What a bad disk or a careless program leaves. */
  damage(): Promise<void> {
    return this.write(Buffer.alloc(PAGE, 0xa5));
  }

  putBack(): Promise<void> {
    return this.write(this.whole);
  }

  private async write(bytes: Buffer): Promise<void> {
    const file = await open(this.path, 'r+');
    await file.write(bytes, 0, PAGE, this.offset);
    await file.close();
  }
}
