/**
 * Runs Jest: `node scripts/test.mjs [--results FILE] [arguments for Jest]`.
 *
 * Jest needs a flag of Node's to load ES modules. The browser tests need Chromium, which is not on
 * every desk: without it they are left out, and that is said; where `CI` is set they always run, and fail
 * without Chromium. The same goes for the tests on a broken disk, which need Linux and a C compiler.
 * `--results` writes Jest's own report as JSON.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BROWSER_TESTS = ['test/e2e/browser'];
const DISK_TESTS = ['test/e2e/power-loss', 'test/e2e/disk-faults'];
const CHROMIUM_NAMES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const isExecutable = (path) => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const chromium = [process.env.CHROMIUM_PATH, ...CHROMIUM_NAMES].filter(Boolean).find(isExecutable);
const args = process.argv.slice(2);

const results = args.indexOf('--results');
if (results !== -1) args.splice(results, 2, '--json', `--outputFile=${args[results + 1]}`);

const hasCompiler = process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0;

const leaveOut = (tests, why) => {
  if (process.env.CI) return;
  console.log(`${tests.map((path) => `${path}*.spec.ts`).join(' and ')} are left out: they need ${why}.`);
  for (const path of tests) args.push(`--testPathIgnorePatterns=${path}`);
};
if (chromium === undefined) {
  leaveOut(BROWSER_TESTS, 'Chromium (apt-get install chromium, or CHROMIUM_PATH)');
}
if (!hasCompiler) leaveOut(DISK_TESTS, 'Linux and a C compiler (apt-get install gcc libc6-dev)');
args.push('--testPathIgnorePatterns=/node_modules/');

const { status, signal } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    fileURLToPath(import.meta.resolve('jest/bin/jest')),
    ...args,
  ],
  {
    cwd: join(import.meta.dirname, '..'),
    stdio: 'inherit',
    env: chromium === undefined ? process.env : { ...process.env, CHROMIUM_PATH: chromium },
  },
);
if (signal !== null) console.error(`Jest was ended by ${signal}.`);
process.exitCode = status ?? 1;
