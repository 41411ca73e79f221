import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { LONGEST_MESSAGE } from './conversation.js';
import { within } from './deadline.js';
import { messageOf } from './failure.js';

const ENTRY = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const START_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 20_000;
/** Sockets break a moment before the end of the process is known. */
const DEATH_SHOWS_MS = 1_000;
const LINES_KEPT = 40;
/** One list for all that play many people on one machine. */
const RAISED_LIMITS = parseEnv(
  readFileSync(new URL('../scripts/raised-limits.env', import.meta.url), 'utf8'),
);

/**
 * A Parlor of its own for one replay, on a database that is thrown away. It runs in its own process group:
 * Ctrl-C reaches the demo alone, which then ends it in good order.
 */
export class ParlorServer {
  /** `http://host:port` */
  url = '';
  /** Rejects when the server ends although nobody asked it to. */
  readonly died: Promise<never>;

  private readonly child: ChildProcess;
  private readonly folder = mkdtempSync(join(tmpdir(), 'parlor-demo-'));
  private readonly output: string[] = [];
  private readonly ended: Promise<string>;
  private stopping = false;
  /** For the exits that leave no time to wait. */
  private readonly lastResort = (): void => {
    this.child.kill('SIGKILL');
    this.removeFolder();
  };

  private constructor() {
    this.child = spawn(process.execPath, [ENTRY], {
      cwd: this.folder,
      env: environment(this.folder),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    process.once('exit', this.lastResort);
    this.ended = this.end();
    this.died = this.ended.then((how) => {
      if (this.stopping) return new Promise<never>(() => undefined);
      throw new Error(`The server ended by itself, ${how}. Its last output:\n${this.lastOutput()}`);
    });
    this.died.catch(() => undefined);
  }

  static async start(): Promise<ParlorServer> {
    if (!existsSync(ENTRY)) throw new Error(`${ENTRY} is missing: run "npm run build" first.`);
    const server = new ParlorServer();
    try {
      server.url = await Promise.race([server.announcedUrl(), server.died]);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /**
   * Asks the server to end, waits for it and removes its folder.
   *
   * @returns what was wrong with the way it ended
   */
  async stop(): Promise<string | undefined> {
    const alreadyEnded = this.child.exitCode !== null || this.child.signalCode !== null;
    this.stopping = true;
    this.child.kill('SIGTERM');
    const killer = setTimeout(() => this.child.kill('SIGKILL'), STOP_WITHIN_MS);
    const how = await this.ended;
    clearTimeout(killer);
    process.off('exit', this.lastResort);
    this.removeFolder();
    if (alreadyEnded || how === 'with exit code 0') return undefined;
    return `The server did not stop in good order after SIGTERM: it ended ${how}. Its last output:\n${this.lastOutput()}`;
  }

  /** A replay fails in many places when its server is gone; then that is what has to be told. */
  async causeOf(failure: unknown): Promise<unknown> {
    const gone = this.died.catch((death: unknown) => death);
    return within(DEATH_SHOWS_MS, gone, () => failure);
  }

  private async end(): Promise<string> {
    try {
      await once(this.child, 'close');
    } catch (error) {
      return `not started: ${messageOf(error)}`;
    }
    const { exitCode, signalCode } = this.child;
    return signalCode === null ? `with exit code ${exitCode}` : `by ${signalCode}`;
  }

  /** The first URL on standard output: the port is chosen by the system, so only the server knows it. */
  private announcedUrl(): Promise<string> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        reject(
          new Error(`The server did not print its URL within ${START_WITHIN_MS} ms:\n${this.lastOutput()}`),
        );
      }, START_WITHIN_MS);
      void this.ended.then(() => {
        clearTimeout(late);
      });
      for (const stream of [this.child.stdout, this.child.stderr]) {
        onLine(stream, (line) => {
          this.output.push(line);
          if (this.output.length > LINES_KEPT) this.output.shift();
          const url = stream === this.child.stdout ? /https?:\/\/[^\s"',]+/.exec(line)?.[0] : undefined;
          if (url === undefined || !URL.canParse(url)) return;
          clearTimeout(late);
          resolve(new URL(url).origin);
        });
      }
    });
  }

  private lastOutput(): string {
    return this.output.map((line) => `  | ${line}`).join('\n') || '  | (nothing)';
  }

  private removeFolder(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function environment(folder: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    DATABASE_URL: `sqlite:///${join(folder, 'parlor.db')}`,
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: 'warn',
    BCRYPT_COST: '4',
    ACCESS_TOKEN_EXPIRE_MINUTES: '1440',
    MAX_MESSAGE_LENGTH: String(LONGEST_MESSAGE),
    ...RAISED_LIMITS,
    MAX_WAITING_BYTES: String(64 * 1024 * 1024),
  };
}

function onLine(stream: NodeJS.ReadableStream | null, take: (line: string) => void): void {
  let rest = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(take);
  });
  stream?.on('end', () => {
    if (rest !== '') take(rest);
  });
}
