/**
 * Everything a change has to pass: `node scripts/check.mjs [--keep-going] [--report FILE]`.
 *
 * What only reads the sources runs two at a time, the longest first; then the tests, which want both cores. Begins nothing after
 * a step that failed, unless told to keep going. What a step says is shown when it has ended, so that two are never mixed. The
 * report has a line per step, `NAME PASSED FAILED`: the tests by Jest's own counts, any other step as one.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const AT_ONCE = 2;
const READING = {
  lint: 'lint, with the dependency rule',
  types: 'types',
  'docs:check': 'generated documents are up to date',
  cycles: 'circles, orphans and undeclared packages',
  'format:check': 'formatting',
  unused: 'files, exports and packages that nothing uses',
};
const TESTS = ['test', 'tests'];

const { values: options } = parseArgs({
  options: { 'keep-going': { type: 'boolean', default: false }, report: { type: 'string' } },
});

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'parlor-check-'));
const testResults = join(folder, 'jest.json');

/** Resolves when it has ended; what it says goes to where `output` says, or comes back. */
const run = (script, args = [], output = 'pipe') =>
  new Promise((resolve) => {
    const child = spawn('npm', ['run', '--silent', script, ...args], {
      cwd: root,
      stdio: ['ignore', output, output],
    });
    const said = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => said.push(chunk));
    child.on('close', (code) => resolve({ ok: code === 0, said: Buffer.concat(said) }));
  });

/** What Jest counted. A file that did not even load counts as one failure, and so does a bad exit alone. */
const testCounts = (ok) => {
  try {
    const report = JSON.parse(readFileSync(testResults, 'utf8'));
    const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
    return { passed: report.numPassedTests, failed: ok ? failed : Math.max(failed, 1) };
  } catch {
    return { passed: 0, failed: 1 };
  }
};

const outcomes = [];
const mayBegin = () => options['keep-going'] || outcomes.every(({ ok }) => ok);
const title = (script, what, began) =>
  console.log(
    `\n== ${script}: ${what}${began === undefined ? '' : `, ${((Date.now() - began) / 1000).toFixed(0)} s`}`,
  );

const waiting = Object.entries(READING);
const readOn = async () => {
  for (let next = waiting.shift(); next !== undefined && mayBegin(); next = waiting.shift()) {
    const [script, what] = next;
    const began = Date.now();
    const { ok, said } = await run(script);
    title(script, what, began);
    process.stdout.write(said);
    outcomes.push({ script, ok, passed: +ok, failed: +!ok });
  }
};
await Promise.all(Array.from({ length: AT_ONCE }, readOn));

if (mayBegin()) {
  const [script, what] = TESTS;
  title(script, what);
  const { ok } = await run(script, ['--', '--results', testResults], 'inherit');
  outcomes.push({ script, ok, ...testCounts(ok) });
}
rmSync(folder, { recursive: true });

if (options.report !== undefined) {
  writeFileSync(options.report, outcomes.map((o) => `${o.script} ${o.passed} ${o.failed}\n`).join(''));
}

const broken = outcomes.filter(({ ok }) => !ok).map(({ script }) => script);
console.log(broken.length === 0 ? '\n== check passed' : `\n== check failed: ${broken.join(', ')}`);
process.exitCode = broken.length === 0 ? 0 : 1;
