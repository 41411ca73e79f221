/** Counts by name, in the order in which the names came up. */
export class Tally {
  private readonly counts = new Map<string, number>();

  add(name: string, count = 1): void {
    this.counts.set(name, this.of(name) + count);
  }

  /** Keeps the larger of the two. */
  peak(name: string, value: number): void {
    this.counts.set(name, Math.max(this.of(name), value));
  }

  of(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  /** The names that begin with the prefix, without it. */
  under(prefix: string): [string, number][] {
    return [...this.counts]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, count]) => [name.slice(prefix.length), count]);
  }
}
