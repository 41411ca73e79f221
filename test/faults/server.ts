import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseEnv, promisify } from 'node:util';
import type { History } from './history.js';
import { portOf } from './proxy.js';
import type { Tally } from './tally.js';

/** Another build can be named, to see that a broken one is found out. */
const DIST = process.env.PARLOR_DIST ?? fileURLToPath(new URL('../dist', import.meta.url));
const START_WITHIN_MS = 45_000;
/** `SHUTDOWN_TIMEOUT_MS` of the server, and a second for the process to be gone. */
const TERM_WITHIN_MS = 11_000;
const START_AGAIN_AFTER_MS = 200;
/** Whoever cannot start says so, and a database that cannot be reached is a wrong setting. */
const REFUSED = new Set(['code 1', 'code 78']);
const LINES_KEPT = 60;
/** One list for all that play many people on one machine. */
const RAISED_LIMITS = parseEnv(
  readFileSync(new URL('../scripts/raised-limits.env', import.meta.url), 'utf8'),
);
/** Node's own warnings (leaks of listeners, deprecations) and what it says when it dies. */
const ALARMING = /\(node:\d+\)|uncaught|unhandled|FATAL ERROR|Segmentation|AssertionError/i;

/** What one server is given, beside what all of them are. */
export interface Post {
  readonly name: string;
  readonly folder: string;
  /** Where its database is, and what else it shares with others. */
  readonly settings: NodeJS.ProcessEnv;
  /** No other server works on the same database. */
  readonly isAlone: boolean;
}

/** One Parlor on one port, over all its restarts. */
export class ServerUnderTest {
  /** A start may fail while the disk is full or the database locked. */
  mayFailToStart = false;
  private child: ChildProcess | undefined;
  private ended: Promise<string> = Promise.resolve('not started');
  private expected = false;
  private readonly output: string[] = [];

  private constructor(
    private readonly post: Post,
    readonly port: number,
    private readonly history: History,
    private readonly tally: Tally,
  ) {}

  static async at(post: Post, history: History, tally: Tally): Promise<ServerUnderTest> {
    return new ServerUnderTest(post, await freePort(), history, tally);
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  private get lastOutput(): string {
    return this.output.map((line) => `  | ${line}`).join('\n') || '  | (nothing)';
  }

  /** Starts until it is ready, again and again while the disk or the database do not let it. */
  async start(): Promise<void> {
    const from = performance.now();
    while (!(await this.startOnce())) {
      this.tally.add('starts that were refused by the disk or a lock');
      await pause(START_AGAIN_AFTER_MS);
    }
    if (this.post.isAlone) this.history.starts.push(this.history.now());
    this.tally.add('server starts');
    this.tally.peak('longest start ms', performance.now() - from);
  }

  async kill(): Promise<void> {
    this.strike();
    await this.ended;
  }

  /** Kills in this very moment, without waiting for the end. */
  strike(): void {
    this.expected = true;
    this.child?.kill('SIGKILL');
  }

  /** Asks it to end, twice if a second signal is wanted: it has to end by itself, with 0 and in time. */
  async terminate(secondAfter?: number): Promise<void> {
    this.expected = true;
    const from = performance.now();
    this.child?.kill('SIGTERM');
    const late = setTimeout(() => this.child?.kill('SIGKILL'), TERM_WITHIN_MS);
    if (secondAfter !== undefined) {
      await pause(secondAfter);
      this.child?.kill('SIGTERM');
    }
    const how = await this.ended;
    clearTimeout(late);
    const took = Math.round(performance.now() - from);
    this.tally.peak('longest shutdown ms', took);
    if (how === 'code 0') return;
    const signals = secondAfter === undefined ? 'SIGTERM' : `two SIGTERM, ${secondAfter} ms apart,`;
    this.history.fault(
      'server',
      `after ${signals} ${this.post.name} ended by ${how}, in ${took} ms:\n${this.lastOutput}`,
    );
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.child?.kill(name);
  }

  /** The most memory that this process has used, in bytes (proc(5), `VmHWM`). */
  peakMemory(): number | undefined {
    try {
      const status = readFileSync(`/proc/${this.child?.pid}/status`, 'utf8');
      const peak = /VmHWM:\s+(\d+) kB/.exec(status)?.[1];
      return peak === undefined ? undefined : Number(peak) * 1024;
    } catch {
      return undefined;
    }
  }

  /** Gives somebody a role, as an operator does. */
  async grant(name: string, role: string): Promise<void> {
    const environment = { cwd: this.post.folder, env: this.environment() };
    await promisify(execFile)(process.execPath, [join(DIST, 'admin.js'), 'grant', name, role], environment);
  }

  private async startOnce(): Promise<boolean> {
    this.expected = false;
    this.output.length = 0;
    const child = spawn(process.execPath, [join(DIST, 'main.js')], {
      cwd: this.post.folder,
      env: this.environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      // Ctrl-C is for the run, which then ends the server.
      detached: true,
    });
    this.child = child;
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => resolve(signal === null ? `code ${code}` : signal));
      child.once('error', (error) => resolve(`not started: ${error.message}`));
    });
    const ready = new Promise<'ready'>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        if (chunk.includes('Parlor listens on')) resolve('ready');
      });
    });
    child.stderr.on('data', (chunk: Buffer) => this.take(chunk.toString()));
    const late = new AbortController();
    const tooLate = pause(START_WITHIN_MS, 'too late' as const, { signal: late.signal }).catch(() => 'late');
    const outcome = await Promise.race([ready, this.ended, tooLate]);
    late.abort();
    if (outcome === 'ready') {
      void this.watch(child);
      return true;
    }
    if (this.expected) throw new Error('The run has ended.');
    this.strike();
    if (this.mayFailToStart && REFUSED.has(outcome)) return false;
    throw new Error(`The server did not start: ${outcome}\n${this.lastOutput}`);
  }

  /** An end that nobody asked for is a violation, whatever the reason. */
  private async watch(child: ChildProcess): Promise<void> {
    const how = await this.ended;
    if (this.child !== child || this.expected) return;
    this.history.fault('server', `${this.post.name} ended by itself, by ${how}:\n${this.lastOutput}`);
    await this.start().catch((error: unknown) => this.history.fault('server', String(error)));
  }

  private take(text: string): void {
    for (const line of text.split('\n').filter((part) => part.trim() !== '')) {
      this.output.push(line);
      if (this.output.length > LINES_KEPT) this.output.shift();
      this.tally.add('lines on standard error');
      if (ALARMING.test(line)) this.history.fault('server', `${this.post.name} on standard error: ${line}`);
    }
  }

  private environment(): NodeJS.ProcessEnv {
    return {
      PATH: process.env.PATH,
      DURABILITY: 'full',
      HOST: '127.0.0.1',
      PORT: String(this.port),
      LOG_LEVEL: 'warn',
      BCRYPT_COST: '4',
      ACCESS_TOKEN_EXPIRE_MINUTES: '1440',
      ...RAISED_LIMITS,
      // Small, so that who does not read is really sent away, and found out when gone.
      MAX_WAITING_BYTES: String(64 * 1024),
      HEARTBEAT_INTERVAL_MS: '3000',
      HEARTBEAT_TIMEOUT_MS: '2000',
      ...this.post.settings,
    };
  }
}

/** Fixed for the whole run: clients come back to the address that they know. */
export async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((listening) => listener.listen(0, '127.0.0.1', listening));
  const port = portOf(listener);
  await new Promise<void>((closed) => listener.close(() => closed()));
  return port;
}
