import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { attacks } from './attacks.js';
import { compare } from './compare.js';
import { growth } from './growth.js';
import { NotInstalled } from './installation.js';
import { optionsOf, USAGE, UsageError, type Options } from './options.js';
import { PLACES } from './places.js';
import { soak } from './soak.js';
import { storm } from './storm.js';

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(USAGE);
    return 0;
  }
  let options: Options;
  try {
    options = optionsOf(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${USAGE}`);
    return 2;
  }
  const folder = workFolder();
  try {
    return (await measure(options, folder)) ? 0 : 1;
  } catch (error) {
    if (error instanceof NotInstalled) console.error(error.message);
    else console.error(error);
    return 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measure(options: Options, folder: string): Promise<boolean> {
  switch (options.command) {
    case 'compare':
      return compare(options, folder);
    case 'storm':
      return storm(options, folder);
    case 'growth':
      return growth(options, folder);
    case 'soak':
      return soak(options, folder);
    case 'attacks':
      return attacks(options, folder);
  }
}

/** On the disk of the project: the system's folder for such things is often in memory, where a sync costs nothing. */
function workFolder(): string {
  mkdirSync(PLACES.cache, { recursive: true });
  const folder = mkdtempSync(join(PLACES.cache, 'work-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  return folder;
}

process.exit(await main(process.argv.slice(2)));
