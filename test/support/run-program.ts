import { execFile } from 'node:child_process';
import { join } from 'node:path';

const PATIENCE_MS = 50_000;
const MOST_OUTPUT = 16 * 1024 * 1024;

export interface Ran {
  code: number;
  output: string;
  errors: string;
}

/** Runs a program to its end, in the folder of the repository. One that takes too long is killed. */
export function runProgram(program: string, ...args: string[]): Promise<Ran> {
  const cwd = join(import.meta.dirname, '../..');
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      { cwd, timeout: PATIENCE_MS, maxBuffer: MOST_OUTPUT },
      (error, output, errors) => {
        if (error && child.exitCode === null)
          reject(new Error(`${program} did not end by itself`, { cause: error }));
        else resolve({ code: child.exitCode ?? -1, output, errors });
      },
    );
  });
}

/** The steps that a client of test/interop/ says it has done. */
export function stepsOf({ output }: Ran): string[] {
  return [...output.matchAll(/"step": ?"([^"]+)"/g)].map(([, step = '']) => step);
}
