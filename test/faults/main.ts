import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Disk } from './disk.js';
import { optionsOf, USAGE, UsageError, type Options } from './options.js';
import { printCounts, printVerdict } from './report.js';
import { Run } from './run.js';

/**
 * Breaks a Parlor of its own in every way that it knows, while clients talk, and then goes over what they sent,
 * what was acknowledged and what they saw. Exit status: 0 held, 1 a violation, 2 usage, 130 interrupted.
 */
const SECONDS_FOR_A_KILL = 20;
const SECONDS_BESIDE = { oneNode: 300, severalNodes: 600 };

const outOfTime = Symbol('out of time');

async function main(args: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = optionsOf(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${USAGE}`);
    return 2;
  }
  return execute(options);
}

async function execute(options: Options): Promise<number> {
  const disk = Disk.make();
  const faults = new Set(options.faults);
  console.log(`seed ${options.seed}: the plan comes from it; what falls between what is not replayed`);
  if (!disk.canBeFull && faults.has('full')) {
    console.log(`no file system of its own for the server: ${disk.reason}`);
    if (process.env.CI !== undefined) {
      console.error('In CI nothing is left out: the fault "full" needs root and mount.');
      disk.remove();
      return 1;
    }
    console.log('the fault "full" is LEFT OUT');
    faults.delete('full');
  }
  const run = new Run({ ...options, faults }, disk);
  const lastResort = (): void => {
    run.abandon();
    disk.remove();
  };
  process.once('exit', lastResort);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      console.error(`${signal}: ending`);
      run.abandon();
      void run.remove(false).finally(() => process.exit(130));
    });
  }
  const outcome = await judged(run, options);
  const isKept = outcome !== 0 || options.keep;
  const folder = isKept ? await keep(run, disk) : undefined;
  const database = await run.remove(isKept);
  if (database !== undefined) console.log(`kept in PostgreSQL: ${database}`);
  if (folder === undefined) return outcome;
  process.off('exit', lastResort);
  run.abandon();
  console.log(`kept: ${folder}`);
  return outcome;
}

async function judged(run: Run, options: Options): Promise<number> {
  const kills = Number.isFinite(options.kills) ? options.kills : 0;
  const seconds =
    kills * SECONDS_FOR_A_KILL +
    (options.seconds ?? 0) +
    (options.nodes === 1 ? SECONDS_BESIDE.oneNode : SECONDS_BESIDE.severalNodes);
  try {
    const verdict = await Promise.race([run.execute(), pause(seconds * 1000, outOfTime, { ref: false })]);
    if (verdict === outOfTime) {
      console.error(`The run did not end within ${seconds} s.`);
      return 1;
    }
    printCounts(run.history, run.tally, verdict, run.calmAcks);
    printVerdict(run.history, verdict);
    const { total } = verdict.findings;
    console.log(
      total === 0 ? `\nheld (seed ${options.seed})` : `\nVIOLATED: ${total} (seed ${options.seed})`,
    );
    return total === 0 ? 0 : 1;
  } catch (error) {
    console.error(`The run broke off: ${error instanceof Error ? error.stack : String(error)}`);
    for (const { text } of run.history.faults.slice(0, 5)) console.error(`before that: ${text}`);
    return 1;
  }
}

async function keep(run: Run, disk: Disk): Promise<string> {
  run.abandon();
  const folder = disk.keep();
  await run.save(join(folder, 'history.jsonl'));
  return folder;
}

process.exit(await main(process.argv.slice(2)));
