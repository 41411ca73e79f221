import { join } from 'node:path';
import { run } from './children.js';
import type { Fields } from './fields.js';
import { cpuSecondsOf, cpuSecondsOfChildren, pinned } from './machine.js';
import type { Running } from './peers.js';
import { PLACES } from './places.js';
import { failed, flawsOf, type Reading } from './reading.js';
import { ask, forEach } from './rest-client.js';

const CONNECTIONS = 32;
const MESSAGES = 50;
/** As long as those of the generator. */
const TEXT = 'the quick brown fox jumps over the lazy dog and runs '.repeat(3).slice(0, 120).trim();
const WARM_UP_SECONDS = 1;
/** Slow is not broken: its own two seconds would count an answer of a busy machine as a failure. */
const TIMEOUT = '10s';

/** Posts messages, or lists the last of them, as fast as it goes, by wrk. */
export async function loadOverRest(
  { server, rest }: Running,
  what: 'post' | 'list',
  seconds: number,
): Promise<Reading> {
  if (!rest) return failed('it has no REST');
  const { messages, token } = rest;
  await forEach([...Array(MESSAGES).keys()], 1, async () => {
    await ask('POST', messages, { json: { content: TEXT }, ...(token === undefined ? {} : { token }) });
  });
  const options = [
    ...(what === 'post' ? ['-s', join(PLACES.generator, 'post.lua')] : []),
    ...(token === undefined ? [] : ['-H', `Authorization: Bearer ${token}`]),
    messages,
  ];
  await wrk(WARM_UP_SECONDS, options);

  const before = {
    server: cpuSecondsOf(server.pid),
    generator: cpuSecondsOfChildren(),
    at: performance.now(),
  };
  const { ok, how, stdout, stderr } = await wrk(seconds, options);
  if (!ok) return failed(`wrk ended with ${how}: ${stderr.trim().slice(0, 300)}`);
  if (server.hasEnded) return failed(`the server ended meanwhile:\n${server.lastOutput}`);
  const wall = (performance.now() - before.at) / 1000;
  const serverCpu = cpuSecondsOf(server.pid) - before.server;
  const printed = wrkNumbers(stdout);
  if (printed === undefined) return failed(`wrk printed no result, but: ${stdout.slice(0, 300)}`);
  const fields: Fields = {
    ...printed,
    srv_cpu: (serverCpu / wall) * 100,
    lg_cpu: ((cpuSecondsOfChildren() - before.generator) / wall) * 100,
    ...(serverCpu > 0 ? { req_per_cpu_s: printed.requests / serverCpu } : {}),
  };
  return { fields, flaws: flawsOf(fields) };
}

function wrk(seconds: number, options: readonly string[]) {
  const all = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--timeout', TIMEOUT, '--latency', ...options];
  const [command, args] = pinned('generator', 'wrk', all);
  return run(command, args, { withinSeconds: seconds + 30 });
}

const MS_OF = { us: 0.001, ms: 1, s: 1000, m: 60_000 } as const;

/** What wrk wrote for people. `errors` counts answers that are no success, and sockets that broke. */
export function wrkNumbers(
  text: string,
): { requests: number; req_s: number; p99_ms: number; errors: number } | undefined {
  const first = (pattern: RegExp): string | undefined => pattern.exec(text)?.[1];
  const [requests, rate] = [first(/(\d+) requests in/), first(/Requests\/sec:\s+([\d.]+)/)];
  const p99 = /99%\s+([\d.]+)(us|ms|s|m)\b/.exec(text);
  if (requests === undefined || rate === undefined || p99 === null) return undefined;
  const unit = Object.entries(MS_OF).find(([name]) => name === p99[2])?.[1] ?? Number.NaN;
  const broken = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text);
  const sockets = broken === null ? 0 : broken.slice(1).reduce((sum, count) => sum + Number(count), 0);
  return {
    requests: Number(requests),
    req_s: Number(rate),
    p99_ms: Number(p99[1]) * unit,
    errors: Number(first(/Non-2xx or 3xx responses: (\d+)/) ?? 0) + sockets,
  };
}
