import { readdir } from 'node:fs/promises';
import querystring from 'node:querystring';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What this process holds when nothing happens. */
export interface Footprint {
  /** Bytes of the heap that are in use after a collection. */
  readonly heap: number;
  /** Open files and sockets (proc(5), fd). */
  readonly descriptors: number;
}

function isCollector(value: unknown): value is () => void {
  return typeof value === 'function';
}

function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  if (!isCollector(gc)) throw new Error('V8 does not show its garbage collector.');
  return gc;
}
const collect = collector();

export async function footprint(): Promise<Footprint> {
  let heap = Infinity;
  // What only a finaliser holds goes with a later collection.
  for (let round = 0; round < 4; round += 1) {
    collect();
    await new Promise(setImmediate);
    heap = Math.min(heap, process.memoryUsage().heapUsed);
  }
  return { heap, descriptors: (await readdir('/proc/self/fd')).length };
}

/** Node's own modules come from another realm than the tests, with an `Object` of its own: look at both. */
export function prototypeKeys(): string[][] {
  const realms = [Object.prototype, Reflect.getPrototypeOf(querystring)];
  return realms.map((prototype) => (prototype === null ? [] : Reflect.ownKeys(prototype).map(String)));
}
