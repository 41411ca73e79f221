import { cpus, loadavg, release, totalmem } from 'node:os';
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './children.js';
import { PLACES } from './places.js';

/** `USER_HZ` of proc(5) is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const SERVER_CORE = 0;
const GENERATOR_CORE = 1;

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly pinned: boolean;
  readonly commit: string;
  readonly date: string;
  readonly loadAverage: number;
}

export function has(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const CAN_PIN = has('taskset') && cpus().length > 1;

export type Role = 'server' | 'generator';

/** The same command on the core of its role, where that can be had: neither takes time from the other. */
export function pinned(role: Role, command: string, args: readonly string[]): [string, string[]] {
  if (!CAN_PIN) return [command, [...args]];
  const core = role === 'server' ? SERVER_CORE : GENERATOR_CORE;
  return ['taskset', ['-c', String(core), command, ...args]];
}

export async function describeMachine(): Promise<Machine> {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    pinned: CAN_PIN,
    commit: await commit(),
    date: new Date().toISOString(),
    loadAverage: loadavg()[0] ?? 0,
  };
}

export function inWords({
  cpu,
  cores,
  memoryGiB,
  kernel,
  node,
  pinned: isPinned,
  commit: at,
}: Machine): string {
  const pinning = isPinned
    ? `server on core ${SERVER_CORE}, generator on core ${GENERATOR_CORE}`
    : 'NOT pinned (needs taskset and two cores): the generator takes time from the server';
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, Linux ${kernel}, Node ${node}, commit ${at}; ${pinning}`;
}

/** Short, with a `+` when the work tree differs from it. */
async function commit(): Promise<string> {
  const git = (...args: string[]) => run('git', args, { cwd: PLACES.root, withinSeconds: 10 });
  const [head, status] = [await git('rev-parse', '--short=12', 'HEAD'), await git('status', '--porcelain')];
  if (!head.ok) return 'unknown';
  return `${head.stdout.trim()}${status.stdout.trim() === '' ? '' : '+'}`;
}

/** Seconds of CPU that the processes of a session have used so far. */
export function cpuSecondsOf(session: number): number {
  let ticks = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const fields = statOf(name);
    if (fields.length > 0 && Number(fields[3]) === session) ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / TICKS_PER_SECOND;
}

/** Seconds of CPU of the children of this process that have ended. */
export function cpuSecondsOfChildren(): number {
  const fields = statOf('self');
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
}

/** proc(5): what follows the name of the program, which may hold spaces: state, ppid, pgrp, session and so on. */
function statOf(process: string): string[] {
  try {
    const text = readFileSync(`/proc/${process}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** Bytes of memory of a process: all that is resident, and of that what no file stands behind. */
export function memoryOf(pid: number): { resident: number; anonymous: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
  return { resident: of('VmRSS'), anonymous: of('RssAnon') };
}
