import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import { run } from './children.js';
import { fieldsIn, type Fields } from './fields.js';
import { Innocents, type Doing, type Experience } from './innocents.js';
import { describeMachine, inWords, memoryOf, pinned } from './machine.js';
import type { AttackName } from './names.js';
import type { Options } from './options.js';
import { launchOf, serveWithDefaults, Template } from './parlor.js';
import { writeResult } from './results.js';
import { freePort, ServerProcess } from './server-process.js';
import { columns, number } from './tables.js';

const PEOPLE = 10;
const MIB = 2 ** 20;
/** The innocent are asked for less than this in each attack: milliseconds, at the 99th percentile. */
const TARGET_MS = 200;
/** Between two attacks, so that none has to do with the one before: so long nobody of the innocent waits for long. */
const REST_MS = 2_000;
const RESTED_MS = 100;
const REST_WITHIN_MS = 60_000;
/** A hash takes a quarter of a second when nobody else asks for one. */
const LOG_IN_RESTED_MS = 1_000;
const SECONDS = 10;
const SECONDS_QUICK = 2;
const WATCHED: readonly Doing[] = ['message', 'history', 'handshake', 'log-in'];

interface Row {
  readonly attack: AttackName | 'nobody attacks';
  readonly p99Ms: Readonly<Record<Doing, number | undefined>>;
  readonly failures: readonly string[];
  readonly residentMiB: number;
  readonly attacker: Fields;
}

/**
 * Attacks a server that has the limits of a fresh installation, one attack after the other, while ten people talk,
 * read, come back and log in.
 */
export async function attacks(options: Options, folder: string): Promise<boolean> {
  const machine = await describeMachine();
  console.log(inWords(machine));
  const seconds = options.quick ? SECONDS_QUICK : SECONDS;
  const template = await Template.make(join(folder, 'template'), PEOPLE, 1);
  const work = join(folder, 'attacks');
  template.copyTo(work);
  const launch = serveWithDefaults(launchOf(work, await freePort(), options.durability));
  const server = await ServerProcess.settled(launch);
  const innocents = new Innocents(server.origin, template.community);
  const rows: Row[] = [];
  try {
    await innocents.begin();
    rows.push(await quiet(innocents, server, seconds));
    for (const attack of options.attacks) rows.push(await suffer(attack, innocents, server, seconds));
    await innocents.end();
  } finally {
    await server.stop();
  }
  print(rows);
  const isGood = rows.every(isWithinTarget);
  console.log(
    `\n${writeResult(options, 'attacks', machine, { secondsOfAnAttack: seconds, targetMs: TARGET_MS, rows })}`,
  );
  return isGood;
}

/** What an attack leaves behind, a queue of hashes for instance, is worked off first. */
async function rest(innocents: Innocents): Promise<void> {
  const until = performance.now() + REST_WITHIN_MS;
  do {
    innocents.tell();
    await pause(REST_MS);
  } while (performance.now() < until && !isRested(innocents.tell()));
}

function isRested(experience: Experience): boolean {
  const waits = (['message', 'history', 'handshake'] as const).map((doing) => experience.p99(doing));
  const logIn = experience.p99('log-in') ?? Infinity;
  return waits.every((wait) => wait !== undefined && wait < RESTED_MS) && logIn < LOG_IN_RESTED_MS;
}

async function quiet(innocents: Innocents, server: ServerProcess, seconds: number): Promise<Row> {
  await rest(innocents);
  await pause(seconds * 1000);
  return rowOf('nobody attacks', innocents.tell(), server, {});
}

async function suffer(
  attack: AttackName,
  innocents: Innocents,
  server: ServerProcess,
  seconds: number,
): Promise<Row> {
  await rest(innocents);
  const program = [join(import.meta.dirname, 'attacker.js'), attack, String(server.port), String(seconds)];
  const [command, args] = pinned('generator', process.execPath, program);
  const { ok, stdout, stderr, how } = await run(command, args, {
    withinSeconds: seconds + 30,
    ofThisSession: true,
  });
  if (!ok) throw new Error(`The attacker failed, ${how}: ${stderr}`);
  if (server.hasEnded) throw new Error(`The server did not survive "${attack}":\n${server.lastOutput}`);
  return rowOf(attack, innocents.tell(), server, fieldsIn(stdout));
}

function rowOf(attack: Row['attack'], experience: Experience, server: ServerProcess, attacker: Fields): Row {
  const of = (doing: Doing): number | undefined => experience.p99(doing);
  return {
    attack,
    p99Ms: {
      message: of('message'),
      history: of('history'),
      handshake: of('handshake'),
      'log-in': of('log-in'),
    },
    failures: experience.failures,
    residentMiB: memoryOf(server.pid).resident / MIB,
    attacker,
  };
}

/** A log-in takes a quarter of a second by itself: a slow hash is its purpose. */
function isWithinTarget({ p99Ms, failures }: Row): boolean {
  const { message = Infinity, history = Infinity, handshake = Infinity } = p99Ms;
  return failures.length === 0 && Math.max(message, history, handshake) < TARGET_MS;
}

function print(rows: readonly Row[]): void {
  const head = ['p99 of the innocent, ms', ...WATCHED, 'failed', 'RSS MiB', 'what the attacker met'];
  const lines = rows.map((row) => [
    row.attack,
    ...WATCHED.map((doing) => inMs(row.p99Ms[doing])),
    `${row.failures.length}${row.failures[0] === undefined ? '' : ` (${row.failures[0]})`}`,
    number(row.residentMiB, 0),
    Object.entries(row.attacker)
      .map(([what, times]) => `${what} ${Math.round(Number(times))}`)
      .join(', '),
  ]);
  console.log(columns([head, ...lines]));
}

function inMs(value: number | undefined): string {
  return value === undefined ? '-' : number(value, 1);
}
