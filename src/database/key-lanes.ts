/** Jobs that have a key in common run one after the other, in the order in which they came; others do not wait. */
export class KeyLanes {
  /** By key: when the newest job of it is over, however it ends. */
  private readonly ends = new Map<string, Promise<unknown>>();

  async run<T>(keys: readonly string[], job: () => Promise<T>): Promise<T> {
    const before = keys.flatMap((key) => this.ends.get(key) ?? []);
    const result = before.length === 0 ? job() : Promise.all(before).then(job);
    const end = result.catch(() => undefined);
    for (const key of keys) this.ends.set(key, end);
    try {
      return await result;
    } finally {
      for (const key of keys) if (this.ends.get(key) === end) this.ends.delete(key);
    }
  }
}
