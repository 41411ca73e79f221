interface Waiter<T> {
  wanted: (item: T) => boolean;
  resolve: (item: T) => void;
  reject: (reason: Error) => void;
}

/**
 * Keeps what arrived until a test asks for it, and lets a test ask before it arrives. Asking in vain fails
 * with all that did arrive: the usual question after a red test.
 */
export class Mailbox<T> {
  readonly everything: T[] = [];
  private unread: T[] = [];
  private waiters: Waiter<T>[] = [];
  private ended: string | undefined;

  put(item: T): void {
    this.everything.push(item);
    const index = this.waiters.findIndex((waiter) => waiter.wanted(item));
    const [waiter] = index < 0 ? [] : this.waiters.splice(index, 1);
    if (waiter) waiter.resolve(item);
    else this.unread.push(item);
  }

  /** Nothing comes any more: whoever still waits is told why. */
  end(why: string): void {
    this.ended = why;
    for (const waiter of this.waiters.splice(0)) waiter.reject(new Error(why));
  }

  /** The oldest unread item that is wanted. `what` names it for people. */
  take(wanted: (item: T) => boolean, what: string, milliseconds: number): Promise<T> {
    const index = this.unread.findIndex(wanted);
    const [found] = index < 0 ? [] : this.unread.splice(index, 1);
    if (found !== undefined) return Promise.resolve(found);
    if (this.ended !== undefined) return Promise.reject(this.inVain(what, this.ended));
    return new Promise((resolve, reject) => {
      const give = (why: string) => reject(this.inVain(what, why));
      const timer = setTimeout(() => {
        this.waiters = this.waiters.filter((other) => other !== waiter);
        give(`nothing within ${milliseconds} ms`);
      }, milliseconds);
      const waiter: Waiter<T> = {
        wanted,
        resolve: (item) => {
          clearTimeout(timer);
          resolve(item);
        },
        reject: (reason) => {
          clearTimeout(timer);
          give(reason.message);
        },
      };
      this.waiters.push(waiter);
    });
  }

  /** All that is unread, which is then read. */
  takeAll(): T[] {
    return this.unread.splice(0);
  }

  private inVain(what: string, why: string): Error {
    const newest = this.everything.slice(-20).map((item) => `  ${JSON.stringify(item)}`);
    const older = this.everything.length - newest.length;
    const list =
      newest.length === 0 ? ' nothing' : `${older > 0 ? ` (${older} older)` : ''}\n${newest.join('\n')}`;
    return new Error(`Waited for ${what}: ${why}. Arrived so far:${list}`);
  }
}
