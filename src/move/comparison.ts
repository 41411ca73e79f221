import type { Progress } from './progress.js';
import { MESSAGES, roomDigestsOf, type RoomDigest } from './room-digests.js';
import { holdsNul, storable } from './storable.js';
import { tableDigestOf } from './table-digest.js';
import type { Readable, Row, Table } from './table.js';

/** Differences that are told: whoever sees these does not need the others. */
const MOST_TOLD = 20;

/** Reads both databases from their beginning to their end, and compares each row of each table. */
export class Comparison {
  /** One sentence each. */
  readonly differences: string[] = [];
  /** By table: rows with a character that PostgreSQL does not store. */
  readonly replaced = new Map<string, number>();

  constructor(
    private readonly source: Readable,
    private readonly target: Readable,
    private readonly progress: Progress,
  ) {}

  async run(tables: readonly Table[]): Promise<void> {
    for (const table of tables) {
      this.progress.begin(table.name);
      if (table.name === MESSAGES) await this.compareRooms(table);
      else await this.compareTable(table);
    }
  }

  private async compareTable(table: Table): Promise<void> {
    const source = await tableDigestOf(this.source, table, this.ofSource(table));
    const target = await tableDigestOf(this.target, table, (page) => page);
    if (source.rows !== target.rows) {
      this.tell(`${table.name}: ${source.rows} rows in the source, ${target.rows} in the target.`);
    } else if (source.digest !== target.digest) {
      this.tell(`${table.name}: ${source.rows} rows in both, but what they say differs.`);
    }
  }

  /** Both are in the order of the rooms, so one of each is enough in the memory. */
  private async compareRooms(table: Table): Promise<void> {
    const sources = roomDigestsOf(this.source, table, this.ofSource(table));
    const targets = roomDigestsOf(this.target, table, (page) => page);
    let source = await next(sources);
    let target = await next(targets);
    while (source || target) {
      const room = Math.min(source?.room ?? Infinity, target?.room ?? Infinity);
      const here = source?.room === room ? source : undefined;
      const there = target?.room === room ? target : undefined;
      if (here?.digest !== there?.digest) this.tellRoom(room, here, there);
      if (here) source = await next(sources);
      if (there) target = await next(targets);
    }
  }

  private tellRoom(room: number, here: RoomDigest | undefined, there: RoomDigest | undefined): void {
    const sizes = [here, there].map((log) => `${log?.messages ?? 0} (the last has seq ${log?.head ?? 0})`);
    this.tell(`room ${room}: messages ${sizes[0]} in the source, ${sizes[1]} in the target, not the same.`);
  }

  private tell(difference: string): void {
    if (this.differences.length < MOST_TOLD) this.differences.push(difference);
  }

  private ofSource({ name }: Table): (page: readonly Row[]) => readonly Row[] {
    return (page) => {
      this.progress.add(page.length);
      const held = page.filter(holdsNul).length;
      if (held > 0) this.replaced.set(name, (this.replaced.get(name) ?? 0) + held);
      return page.map(storable);
    };
  }
}

async function next(digests: AsyncGenerator<RoomDigest, void>): Promise<RoomDigest | undefined> {
  const { value } = await digests.next();
  return value ?? undefined;
}
