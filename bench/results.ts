import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Machine } from './machine.js';
import type { Options } from './options.js';
import { PLACES } from './places.js';

/**
 * Writes what was measured, with where and how.
 *
 * @returns the path of the file
 */
export function writeResult(
  { out, ...settings }: Options,
  name: string,
  machine: Machine,
  measured: Readonly<Record<string, unknown>>,
): string {
  const file = out ?? join(PLACES.results, `${name}.json`);
  mkdirSync(dirname(file), { recursive: true });
  const result = { machine, settings, finished: new Date().toISOString(), ...measured };
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
  return file;
}
