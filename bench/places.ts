import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the project. This file is one below it, as source and compiled. */
const ROOT = fileURLToPath(new URL('..', import.meta.url));

export const PLACES = {
  root: ROOT,
  parlor: join(ROOT, 'dist/main.js'),
  compiler: join(ROOT, 'node_modules/typescript/bin/tsc'),
  generator: join(ROOT, 'bench/generator'),
  peers: join(ROOT, 'bench/peers'),
  chart: join(ROOT, 'bench/chart'),
  cache: join(ROOT, 'bench/.cache'),
  results: join(ROOT, 'bench/results'),
} as const;
