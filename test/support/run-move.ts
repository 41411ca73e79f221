import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface MoveEnding {
  code: number | null;
  signal: NodeJS.Signals | null;
  output: string;
  errors: string;
}

/** `npm run move`, as a process of its own, from what `npm run build` made. */
export class MoveProcess {
  readonly ending: Promise<MoveEnding>;
  private readonly child: ChildProcess;

  constructor(...args: string[]) {
    const child = spawn(process.execPath, ['dist/move.js', ...args], {
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    this.child = child;
    this.ending = once(child, 'close').then(() => ({
      code: child.exitCode,
      signal: child.signalCode,
      output,
      errors,
    }));
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}

export function runMove(from: { url: string }, to: { url: string }): Promise<MoveEnding> {
  return new MoveProcess('--from', from.url, '--to', to.url).ending;
}
