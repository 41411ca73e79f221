import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/** What `hash-thread.js` is asked. */
type Task =
  { readonly password: string; readonly cost: number } | { readonly password: string; readonly hash: string };

/** What it answers. */
interface Result {
  readonly hash?: string;
  readonly matches?: boolean;
}

const MAX_THREADS = 2;

/**
 * Threads that do nothing but hash passwords, with a lower priority than the rest of the server. bcrypt's own
 * asynchronous functions would take the threads that SQLite needs, and on a busy machine as much of each core as
 * the thread that delivers messages.
 *
 * A thread is started when it is needed first, and keeps no process from ending while it is idle.
 */
@Injectable()
export class HashThreads implements OnApplicationShutdown {
  /** How many work at once: one core is left to everything else, where there are several. */
  readonly count = Math.min(MAX_THREADS, Math.max(1, availableParallelism() - 1));
  private readonly idle: Worker[] = [];
  private readonly all = new Set<Worker>();

  async hash(password: string, cost: number): Promise<string> {
    const { hash } = await this.run({ password, cost });
    if (hash === undefined) throw new Error('A thread has not hashed what it was asked to.');
    return hash;
  }

  async compare(password: string, hash: string): Promise<boolean> {
    const { matches } = await this.run({ password, hash });
    if (matches === undefined) throw new Error('A thread has not compared what it was asked to.');
    return matches;
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.all].map((thread) => thread.terminate()));
  }

  private run(task: Task): Promise<Result> {
    const thread = this.idle.pop() ?? this.start();
    return new Promise((resolve, reject) => {
      const onMessage = (result: Result): void => {
        thread.off('exit', onExit);
        thread.unref();
        this.idle.push(thread);
        resolve(result);
      };
      const onExit = (): void => reject(new Error('A thread ended while it hashed a password.'));
      thread.once('message', onMessage);
      thread.once('exit', onExit);
      thread.ref();
      thread.postMessage(task);
    });
  }

  private start(): Worker {
    // It gets no environment: there may be keys in it.
    const thread = new Worker(new URL('./hash-thread.js', import.meta.url), { env: {}, execArgv: [] });
    this.all.add(thread);
    // An error ends the thread, and that is heard.
    thread.on('error', () => undefined);
    thread.once('exit', () => {
      this.all.delete(thread);
      const place = this.idle.indexOf(thread);
      if (place !== -1) this.idle.splice(place, 1);
    });
    return thread;
  }
}
