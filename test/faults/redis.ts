import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './server.js';

const PROGRAM = 'redis-server';
const READY_WITHIN_MS = 10_000;
const LOOK_MS = 30;

/** A Redis of the run's own, which can be killed and stopped without anybody else noticing. */
export class RedisUnderTest {
  private child: ChildProcess | undefined;
  private ended: Promise<void> = Promise.resolve();

  private constructor(private readonly port: number) {}

  /** @returns nothing where there is no program to run */
  static async start(): Promise<RedisUnderTest | undefined> {
    if (spawnSync(PROGRAM, ['--version']).status !== 0) return undefined;
    const redis = new RedisUnderTest(await freePort());
    await redis.start();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const settings = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const child = spawn(PROGRAM, settings, { stdio: 'ignore', detached: true });
    this.child = child;
    this.ended = new Promise((resolve) => child.once('close', () => resolve()));
    const latest = performance.now() + READY_WITHIN_MS;
    while (!(await this.isListening())) {
      if (performance.now() > latest) throw new Error('The Redis of the run did not start.');
      await pause(LOOK_MS);
    }
  }

  async kill(): Promise<void> {
    this.strike();
    await this.ended;
  }

  /** For the exits that leave no time to wait. */
  strike(): void {
    this.child?.kill('SIGKILL');
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.child?.kill(name);
  }

  private isListening(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1');
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  }
}
