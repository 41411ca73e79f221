import type { ChildProcess } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { endOf, signalGroup, start } from './children.js';
import { pinned } from './machine.js';

const START_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 50;
/** After the first connection: what a server does lazily at its start is not to be measured. */
const SETTLE_MS = 500;
const LINES_KEPT = 40;

export interface Launch {
  readonly what: string;
  /** For Node. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Also where it keeps its files. */
  readonly folder: string;
  readonly port: number;
}

/** A server on the server's core. It leads a session, by which its whole CPU time is found. */
export class ServerProcess {
  private readonly output: string[] = [];
  private readonly ended: Promise<string>;
  private over = false;

  private constructor(
    private readonly child: ChildProcess,
    private readonly launch: Launch,
  ) {
    this.ended = endOf(child);
    void this.ended.then(() => (this.over = true));
    child.stdin?.end();
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output.push(...text.split('\n').filter((line) => line.trim() !== ''));
        this.output.splice(0, this.output.length - LINES_KEPT);
      });
    }
  }

  /** Resolves when it accepts connections. */
  static async start(launch: Launch): Promise<ServerProcess> {
    const [command, args] = pinned('server', process.execPath, launch.args);
    const env = { PATH: process.env.PATH, ...launch.env };
    const server = new ServerProcess(start(command, args, { cwd: launch.folder, env }), launch);
    const until = performance.now() + START_WITHIN_MS;
    while (!(await accepts(launch.port))) {
      if (server.over || performance.now() > until) {
        await server.kill();
        throw new Error(`${launch.what} did not start:\n${server.lastOutput}`);
      }
      await pause(LOOK_EVERY_MS);
    }
    return server;
  }

  static async settled(launch: Launch): Promise<ServerProcess> {
    const server = await ServerProcess.start(launch);
    await pause(SETTLE_MS);
    return server;
  }

  /** Of the process, which is also the name of its session. */
  get pid(): number {
    if (this.child.pid === undefined || this.over) throw new Error(`${this.launch.what} has ended.`);
    return this.child.pid;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.launch.port}`;
  }

  get port(): number {
    return this.launch.port;
  }

  get hasEnded(): boolean {
    return this.over;
  }

  get lastOutput(): string {
    return this.output.map((line) => `  | ${line}`).join('\n') || '  | (nothing)';
  }

  async stop(): Promise<void> {
    signalGroup(this.child, 'SIGTERM');
    const late = setTimeout(() => signalGroup(this.child, 'SIGKILL'), STOP_WITHIN_MS);
    await this.ended;
    clearTimeout(late);
  }

  async kill(): Promise<void> {
    signalGroup(this.child, 'SIGKILL');
    await this.ended;
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

export async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((listening) => listener.listen(0, '127.0.0.1', listening));
  const address = listener.address();
  await new Promise<void>((closed) => listener.close(() => closed()));
  if (address === null || typeof address === 'string') throw new Error('No port is free.');
  return address.port;
}
