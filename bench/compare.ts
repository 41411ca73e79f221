import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { drawn } from './chart.js';
import { Generator } from './generator.js';
import { installChart, installGenerator, installPeers } from './installation.js';
import { describeMachine, has, inWords, type Machine } from './machine.js';
import type { Options } from './options.js';
import { Template } from './parlor.js';
import type { Ground } from './peers.js';
import { writeResult } from './results.js';
import { runRounds, type Run } from './rounds.js';
import { ALL_SCENARIOS, type Scenario } from './scenarios.js';
import { summaryOf } from './summary.js';
import { sweep, type SweepPoint } from './sweep.js';
import { columns, flawedRuns, number, progressOf, tableOf } from './tables.js';

/** Members of the rooms; they take turns where a room has more connections than people. */
const PEOPLE = 10;

interface Tools {
  readonly generator: Generator;
  readonly ground: Ground;
  readonly folder: string;
}

/** Measures Parlor beside its peers, prints the tables and writes the result and its chart. */
export async function compare(options: Options, folder: string): Promise<boolean> {
  const machine = await describeMachine();
  console.log(inWords(machine));
  const scenarios = chosen(options);
  const sweeps = options.only.includes('sweep');
  const program = await installGenerator();
  await installPeers();
  if (sweeps) await installChart();

  console.log('Parlor is filled with people and rooms ...');
  const rooms = Math.max(sweeps ? 100 : 1, ...scenarios.map((scenario) => scenario.rooms(options)));
  const template = await Template.make(join(folder, 'template'), PEOPLE, rooms);
  const ground = { durability: options.durability, template };
  const tools = { generator: new Generator(program), ground, folder };

  const runs = await measured(options, scenarios, tools);
  const points = sweeps ? await swept(options, tools) : [];
  print(scenarios, runs, points);
  await write(options, machine, scenarios, runs, points);
  return runs.some(({ fields }) => Object.keys(fields).length > 0) || points.length > 0;
}

function chosen({ only }: Options): Scenario[] {
  const wanted = ALL_SCENARIOS.filter(({ name }) => only.includes(name));
  if (has('wrk') || !wanted.some(({ load }) => 'rest' in load)) return wanted;
  console.log('wrk is not installed (apt-get install wrk): rest-post and rest-list are left out.');
  return wanted.filter(({ load }) => !('rest' in load));
}

function measured(options: Options, scenarios: readonly Scenario[], tools: Tools): Promise<Run[]> {
  const { rounds, seconds, quick, peers } = options;
  return runRounds({ rounds, seconds, quick, peers, scenarios }, tools, (run) => {
    const metrics = scenarios.find(({ name }) => name === run.scenario)?.metrics ?? [];
    const values = metrics.flatMap(({ title, digits, of }) => {
      const value = of(run.fields);
      return value === undefined ? [] : [`${number(value, digits)} ${title}`];
    });
    console.log(progressOf(run, values.slice(0, 2)));
  });
}

async function swept({ peers, seconds, quick }: Options, tools: Tools): Promise<SweepPoint[]> {
  const points: SweepPoint[] = [];
  for (const peer of peers) {
    const curve = await sweep(peer, { seconds: Math.min(seconds, 3), quick }, tools);
    points.push(...curve);
    console.log(
      `   -  sweep      ${peer.padEnd(11)}  up to ${number(curve.at(-1)?.offered ?? 0, 0)} messages/s`,
    );
  }
  return points;
}

function print(scenarios: readonly Scenario[], runs: readonly Run[], points: readonly SweepPoint[]): void {
  console.log(
    '\nMedians of the rounds. "Parlor is": Parlor divided by the peer, round by round, the median of that.',
  );
  for (const scenario of scenarios) console.log(`\n${tableOf(summaryOf(scenario, runs))}`);
  if (points.length > 0) {
    const rows = points.map(({ peer, offered, deliveriesPerSecond, p50, p99, flaws }) => [
      ...[peer, number(offered, 0), number(deliveriesPerSecond, 0), number(p50, 2), number(p99, 2)],
      flaws.map(({ text }) => text).join('; '),
    ]);
    const head = ['', 'offered messages/s', 'deliveries/s', 'p50 ms', 'p99 ms', ''];
    console.log(`\nsweep: 100 rooms of 10, more and more messages (open loop)\n${columns([head, ...rows])}`);
  }
  const flawed = flawedRuns(runs);
  if (flawed !== '') console.log(`\n${flawed}`);
}

async function write(
  options: Options,
  machine: Machine,
  scenarios: readonly Scenario[],
  runs: readonly Run[],
  points: readonly SweepPoint[],
): Promise<void> {
  const summaries = scenarios.map((scenario) => summaryOf(scenario, runs));
  const file = writeResult(options, 'latest', machine, { summaries, runs, sweep: points });
  console.log(`\nEvery single run: ${file}`);
  if (points.length === 0) return;
  const chart = `${file.replace(/\.json$/, '')}.svg`;
  writeFileSync(chart, await drawn(points, captionOf(machine, options)));
  console.log(`Chart: ${chart}`);
}

function captionOf(
  { cpu, cores, node, commit, date, pinned }: Machine,
  { durability, seconds }: Pick<Options, 'durability' | 'seconds'>,
): string {
  const pinning = pinned ? 'server and generator on a core each' : 'server and generator not pinned';
  return (
    `${cpu}, ${cores} cores, ${pinning}, Node ${node}; ${date.slice(0, 10)}, commit ${commit}; ` +
    `Parlor with DURABILITY=${durability}; ${Math.min(seconds, 3)} s for each point`
  );
}
