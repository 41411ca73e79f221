/**
 * Sees to it that what is built is what the sources say: `node scripts/built.mjs [PROJECT...]`.
 *
 * Builds the server, and each project that is named (`demo`, `test/faults`, `bench`), if its sources are not those of its
 * last build. The compiler needs several seconds to find that out, and half the commands of `package.json` ask.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const STAMP = '.built-from';
/** What every build depends on besides its sources. */
const SETTINGS = ['package-lock.json', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'];

const server = { sources: 'src', output: 'dist', command: ['npm', 'run', '--silent', 'build'] };
const project = (folder) => ({
  sources: folder,
  output: `dist-${basename(folder)}`,
  command: [join(root, 'node_modules/.bin/tsc'), '-p', folder],
});

/** A hash of everything that a build reads. */
const fingerprint = (sources) => {
  const files = readdirSync(join(root, sources), { recursive: sources === server.sources });
  const read = files.filter((file) => /\.(ts|js|json)$/.test(file)).map((file) => join(sources, file));
  const hash = createHash('sha256');
  for (const file of [...SETTINGS, ...read.sort()]) {
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(root, file)))
      .update('\0');
  }
  return hash.digest('hex');
};

for (const { sources, output, command } of [server, ...process.argv.slice(2).map(project)]) {
  // With what it stands for, so that whoever removes the one removes the other.
  const stamp = join(root, output, STAMP);
  const print = fingerprint(sources);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === print) continue;
  const [name, ...args] = command;
  const { status } = spawnSync(name, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(stamp, print);
}
