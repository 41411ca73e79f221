import { spawn, type ChildProcess } from 'node:child_process';

/** Every process that this one has started leads a group of its own, so that its children end with it. */
const living = new Set<ChildProcess>();

process.once('exit', () => {
  for (const child of living) signalGroup(child, 'SIGKILL');
});

export interface Setting {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Stays in the session of this process, where priorities count among each other. It has to end by itself. */
  readonly ofThisSession?: boolean;
}

/** Starts a process as the leader of a session. Ctrl-C does not reach it; it ends with this process at the latest. */
export function start(
  command: string,
  args: readonly string[],
  { cwd, env, ofThisSession = false }: Setting = {},
): ChildProcess {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: !ofThisSession,
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
  });
  living.add(child);
  child.once('close', () => living.delete(child));
  child.once('error', () => living.delete(child));
  return child;
}

export function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended already.
  }
}

/** How a process ended, in words; resolves for every end. */
export function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('close', (code, signal) => resolve(signal === null ? `exit code ${code}` : signal));
    child.once('error', (error) => resolve(`not started: ${error.message}`));
  });
}

export interface Outcome {
  readonly how: string;
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, which comes after so many seconds at the latest. */
export async function run(
  command: string,
  args: readonly string[],
  { withinSeconds, input = '', ...setting }: Setting & { withinSeconds: number; input?: string },
): Promise<Outcome> {
  const child = start(command, args, setting);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  const late = setTimeout(() => signalGroup(child, 'SIGKILL'), withinSeconds * 1000);
  const how = await endOf(child);
  clearTimeout(late);
  return { how, ok: how === 'exit code 0', stdout, stderr };
}
