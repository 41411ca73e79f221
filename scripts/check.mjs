/**
 * Everything a change has to pass: `node scripts/check.mjs [--keep-going] [--report FILE]`.
 *
 * Stops at the first step that fails, unless told to keep going. The report has a line per step, `NAME
 * PASSED FAILED`: the tests by Jest's own counts, any other step as one.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const STEPS = {
  'format:check': 'formatting',
  lint: 'lint, with the dependency rule',
  types: 'types',
  cycles: 'circles, orphans and undeclared packages',
  unused: 'files, exports and packages that nothing uses',
  'docs:check': 'generated documents are up to date',
  test: 'tests',
};

const { values: options } = parseArgs({
  options: { 'keep-going': { type: 'boolean', default: false }, report: { type: 'string' } },
});

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'parlor-check-'));
const testResults = join(folder, 'jest.json');

const run = (script) => {
  const extra = script === 'test' ? ['--', '--results', testResults] : [];
  const { status } = spawnSync('npm', ['run', '--silent', script, ...extra], { cwd: root, stdio: 'inherit' });
  return status === 0;
};

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
for (const [script, title] of Object.entries(STEPS)) {
  console.log(`\n== ${script}: ${title}`);
  const ok = run(script);
  outcomes.push({ script, ok, ...(script === 'test' ? testCounts(ok) : { passed: +ok, failed: +!ok }) });
  if (!ok && !options['keep-going']) break;
}
rmSync(folder, { recursive: true });

if (options.report !== undefined) {
  writeFileSync(options.report, outcomes.map((o) => `${o.script} ${o.passed} ${o.failed}\n`).join(''));
}

const broken = outcomes.filter(({ ok }) => !ok).map(({ script }) => script);
console.log(broken.length === 0 ? '\n== check passed' : `\n== check failed: ${broken.join(', ')}`);
process.exitCode = broken.length === 0 ? 0 : 1;
