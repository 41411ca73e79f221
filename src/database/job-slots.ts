interface Waiting {
  readonly begin: () => void;
  readonly refuse: (error: unknown) => void;
}

/** So many jobs at once; the others wait in the order in which they came. */
export class JobSlots {
  private free: number;
  private readonly waiting: Waiting[] = [];

  constructor(slots: number) {
    this.free = slots;
  }

  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((begin, refuse) => this.waiting.push({ begin, refuse }));
    try {
      return await job();
    } finally {
      const next = this.waiting.shift();
      if (next) next.begin();
      else this.free += 1;
    }
  }

  /** Sends away who waits now: in turn, each would wait for the same fault. */
  refuseWaiting(error: unknown): void {
    for (const { refuse } of this.waiting.splice(0)) refuse(error);
  }
}
