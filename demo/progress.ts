import cliProgress from 'cli-progress';

/** A line at most this often where there is no terminal. */
const LINE_EVERY_MS = 2000;

/** A progress bar on a terminal, a line now and then elsewhere. */
export class Progress {
  private readonly bar: cliProgress.SingleBar | undefined;
  private done = 0;
  private lastLineAt = performance.now();

  constructor(
    private readonly label: string,
    private readonly total: number,
  ) {
    if (!process.stdout.isTTY) return;
    this.bar = new cliProgress.SingleBar({
      format: `  ${label.padEnd(10)} [{bar}] {percentage}% | {value}/{total} | {duration_formatted}`,
      stream: process.stdout,
      barsize: 32,
      hideCursor: true,
      // The demo cleans up after signals itself.
      gracefulExit: false,
    });
    this.bar.start(total, 0);
  }

  tick(): void {
    this.done += 1;
    this.bar?.increment();
    if (this.bar || performance.now() - this.lastLineAt < LINE_EVERY_MS) return;
    this.line();
  }

  /** Also after a failure: it gives the terminal its cursor back. */
  stop(): void {
    if (this.bar) this.bar.stop();
    else this.line();
  }

  private line(): void {
    this.lastLineAt = performance.now();
    const percent = Math.floor((100 * this.done) / Math.max(1, this.total));
    console.log(`  ${this.label}: ${this.done} of ${this.total} (${percent}%)`);
  }
}
