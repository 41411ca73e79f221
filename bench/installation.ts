import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './children.js';
import { has } from './machine.js';
import { PLACES } from './places.js';

/** `better-sqlite3` is compiled where no built one can be had. */
const INSTALL_WITHIN_SECONDS = 900;
const COMPILE_WITHIN_SECONDS = 120;
const FLAGS = ['-O2', '-march=native', '-Wall', '-Wno-misleading-indentation'];

/** Something that the bench needs is not there; the message says what to do. */
export class NotInstalled extends Error {}

/**
 * Compiles the load generator, unless this very source was compiled before.
 *
 * @returns the path of the program
 */
export async function installGenerator(): Promise<string> {
  if (process.platform !== 'linux') throw new NotInstalled('The load generator needs Linux (epoll, /proc).');
  const source = join(PLACES.generator, 'wsload.c');
  const version = createHash('sha256').update(readFileSync(source)).update(FLAGS.join()).digest('hex');
  const program = join(PLACES.cache, `wsload-${version.slice(0, 12)}`);
  if (existsSync(program)) return program;
  if (!has('cc')) {
    throw new NotInstalled(
      'No C compiler: the load generator is compiled by "cc" (apt-get install gcc libc6-dev).',
    );
  }
  mkdirSync(PLACES.cache, { recursive: true });
  const args = [...FLAGS, '-o', program, source];
  const { ok, stderr } = await run('cc', args, { withinSeconds: COMPILE_WITHIN_SECONDS });
  if (!ok) throw new NotInstalled(`The load generator does not compile:\n${stderr}`);
  return program;
}

/** The peers' own packages, and the one peer that is written in TypeScript. */
export async function installPeers(): Promise<void> {
  await installPackages(PLACES.peers, 'the peers');
  const [source, target] = [join(PLACES.peers, 'nest-server.ts'), join(PLACES.peers, 'dist/nest-server.js')];
  if (existsSync(target) && statSync(target).mtimeMs > statSync(source).mtimeMs) return;
  const { ok, stdout } = await run(process.execPath, [PLACES.compiler, '-p', PLACES.peers], {
    withinSeconds: COMPILE_WITHIN_SECONDS,
  });
  if (!ok) throw new NotInstalled(`bench/peers/nest-server.ts does not compile:\n${stdout}`);
}

export async function installChart(): Promise<void> {
  await installPackages(PLACES.chart, 'the chart');
}

/** npm leaves a copy of the lock in node_modules; it is older than the lock when that has changed since. */
async function installPackages(folder: string, what: string): Promise<void> {
  const [lock, installed] = [
    join(folder, 'package-lock.json'),
    join(folder, 'node_modules/.package-lock.json'),
  ];
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  console.log(`Installing the packages of ${what}, once ...`);
  const { ok, stderr } = await run('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: folder,
    withinSeconds: INSTALL_WITHIN_SECONDS,
  });
  if (!ok) throw new NotInstalled(`The packages of ${what} could not be installed:\n${stderr}`);
}
