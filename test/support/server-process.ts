import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ONE_ADDRESS, SECRET_KEY, type Env } from './test-settings.js';

export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** The server as operators run it: a process of its own, from what `npm run build` made. */
export class ServerProcess {
  output = '';
  errors = '';
  private child: ChildProcess | undefined;
  private ending: Promise<Ending> | undefined;

  private constructor(readonly folder: string) {}

  static async inFolder(): Promise<ServerProcess> {
    return new ServerProcess(await mkdtemp(join(tmpdir(), 'parlor-process-')));
  }

  get databasePath(): string {
    return join(this.folder, 'parlor.db');
  }

  /** Another process on the same folder. */
  sibling(): ServerProcess {
    return new ServerProcess(this.folder);
  }

  /** Starts, and gives the URL that it prints. */
  async start(env: Env = {}): Promise<string> {
    this.run(env);
    return new Promise((resolve, reject) => {
      this.child?.stdout?.on('data', () => {
        const url = /Parlor listens on (http:\S+)/.exec(this.output)?.[1];
        if (url !== undefined) resolve(url);
      });
      void this.ending?.then((ending) => reject(new Error(`${JSON.stringify(ending)} ${this.errors}`)));
    });
  }

  /** Starts what is not expected to last. */
  run(env: Env = {}): void {
    const settings = {
      DATABASE_URL: `sqlite:///${this.databasePath}`,
      HOST: '127.0.0.1',
      PORT: '0',
      BCRYPT_COST: '4',
      ...ONE_ADDRESS,
    };
    const child = spawn(process.execPath, [join(process.cwd(), 'dist/main.js')], {
      cwd: this.folder,
      env: { PATH: process.env.PATH, SECRET_KEY, LOG_LEVEL: 'error', ...settings, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (this.errors += chunk.toString()));
    this.ending = new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
    this.child = child;
    this.output = '';
    this.errors = '';
  }

  get pid(): number {
    if (this.child?.pid === undefined) throw new Error('It does not run.');
    return this.child.pid;
  }

  /** Nobody takes its log any more: what it writes meets a closed pipe. */
  closeLog(): void {
    this.child?.stdout?.destroy();
    this.child?.stderr?.destroy();
  }

  signal(name: NodeJS.Signals): void {
    this.child?.kill(name);
  }

  async ended(): Promise<Ending> {
    if (!this.ending) throw new Error('It was never started.');
    return this.ending;
  }

  async remove(): Promise<void> {
    this.signal('SIGKILL');
    await this.ending;
    await rm(this.folder, { recursive: true, force: true });
  }
}
