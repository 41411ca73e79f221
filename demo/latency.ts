/** Durations in milliseconds, kept one by one so that the percentiles are exact. */
export class Latencies {
  private readonly values: number[] = [];

  add(milliseconds: number): void {
    this.values.push(milliseconds);
  }

  get count(): number {
    return this.values.length;
  }

  /** The nearest rank: the smallest value that at least `percent` of all values do not exceed. */
  percentile(percent: number): number {
    const sorted = Float64Array.from(this.values).sort();
    return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
  }

  summary(): string {
    if (this.count === 0) return 'none measured';
    const points: [string, number][] = [
      ['p50', 50],
      ['p90', 90],
      ['p99', 99],
      ['max', 100],
    ];
    return points.map(([name, percent]) => `${name} ${this.percentile(percent).toFixed(2)} ms`).join(', ');
  }
}

/**
 * Measures from the moment a message is sent to the moment each member's socket has it. Everything runs in one
 * process, on one monotonic clock. A member often has the message before its author has the ack that
 * tells its `seq`, so such receipts wait here for it.
 */
export class DeliveryClock {
  readonly latencies = new Latencies();
  private readonly sentAt = new Map<number, number>();
  private readonly early = new Map<number, number[]>();

  sent(seq: number, at: number): void {
    this.sentAt.set(seq, at);
    for (const receivedAt of this.early.get(seq) ?? []) this.latencies.add(receivedAt - at);
    this.early.delete(seq);
  }

  received(seq: number, at: number): void {
    const sentAt = this.sentAt.get(seq);
    const early = this.early.get(seq);
    if (sentAt !== undefined) this.latencies.add(at - sentAt);
    else if (early) early.push(at);
    else this.early.set(seq, [at]);
  }
}
