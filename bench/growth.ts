import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { optionalNumber } from './fields.js';
import { Generator } from './generator.js';
import { timePages, type PageTimes } from './history-pages.js';
import { installGenerator } from './installation.js';
import { LogFile } from './log-file.js';
import { describeMachine, inWords } from './machine.js';
import type { Options } from './options.js';
import { approachOf, databaseIn, launchOf, prepare, signUp, type People } from './parlor.js';
import { failed, worstOf, type Reading } from './reading.js';
import { writeResult } from './results.js';
import { closed, deliveriesPerSecond } from './scenarios.js';
import { freePort, ServerProcess } from './server-process.js';
import { median } from './statistics.js';
import { columns, number } from './tables.js';

const PEOPLE = 10;
const BIG_ROOM = 1;
const MESSAGES = 5_000_000;
const MESSAGES_QUICK = 200_000;

type What = 'connections' | 'rooms' | 'connections that talk' | 'rooms that talk' | 'messages in the log';

/** One thing grows, all else stays: so many messages are on their way, and a message is so many deliveries. */
interface Step {
  readonly what: What;
  readonly size: number;
  readonly rooms: number;
  /** Rooms in which people send. In the others they only listen. */
  readonly talking: number;
  readonly members: number;
  readonly senders: number;
  readonly window: number;
  readonly messages: number;
}

interface Grown extends Reading {
  readonly what: Step['what'];
  readonly size: number;
  readonly round: number;
}

export function stepsOf(quick: boolean): Step[] {
  const log = quick ? MESSAGES_QUICK : MESSAGES;
  const connections = quick ? [100, 500, 1_000] : [1_000, 5_000, 15_000];
  const rooms = quick ? [10, 100, 1_000] : [10, 1_000, 10_000];
  const [fewest = 0] = connections;
  const tens = { rooms: 100, talking: 100, members: 10, senders: 10, window: 1, messages: 0 };
  // A room has one connection here: ten thousand rooms of ten would be more sockets than a process may have.
  const ones = { members: 1, senders: 1, messages: 0 };
  return [
    // The same people talk, among more and more who listen.
    ...connections.map((size): Step => {
      return { ...tens, what: 'connections', size, rooms: size / 10, talking: fewest / 10 };
    }),
    ...rooms.map((size): Step => {
      return { ...ones, what: 'rooms', size, rooms: size, talking: 10, window: 100 };
    }),
    // About a thousand messages on their way, over more and more sockets: with more rooms fewer of their people send.
    ...connections.map((size): Step => {
      const places = { rooms: size / 10, talking: size / 10 };
      const senders = Math.min(tens.members, Math.max(1, Math.round(1_000 / places.rooms)));
      return { ...tens, ...places, what: 'connections that talk', size, senders };
    }),
    ...rooms.map((size): Step => {
      const window = Math.max(1, 1_000 / size);
      return { ...ones, what: 'rooms that talk', size, rooms: size, talking: size, window };
    }),
    ...[0, log].map((size): Step => ({ ...tens, what: 'messages in the log', size, messages: size })),
  ];
}

/** Deliveries with more connections, more rooms and a longer log, and pages of a long log. */
export async function growth(options: Options, folder: string): Promise<boolean> {
  const machine = await describeMachine();
  console.log(inWords(machine));
  const generator = new Generator(await installGenerator());
  const steps = stepsOf(options.quick);
  const prepared = join(folder, 'people');
  const people = await prepare(prepared, (origin) => signUp(origin, PEOPLE));
  for (const [index, step] of steps.entries()) await fill(prepared, placeOf(folder, index), step, people);

  const grown: Grown[] = [];
  const pages: PageTimes[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const [index, step] of steps.entries()) {
      const place = placeOf(folder, index);
      const { what, size } = step;
      const isLast = round === options.rounds && step.messages > 0;
      const reading = await measure(place, step, people, generator, options, isLast ? pages : undefined);
      grown.push({ what, size, round, ...reading });
      console.log(`  ${round}  ${what} ${number(size, 0)}: ${shortly(reading)}`);
    }
  }
  print(steps, grown, pages);
  const file = writeResult(options, 'growth', machine, { steps, runs: grown, pages });
  console.log(`\n${file}`);
  return grown.every((reading) => worstOf(reading) !== 'broken');
}

function placeOf(folder: string, index: number): string {
  return join(folder, `step-${index}`);
}

/** Half of the messages are in one room, the others spread over the rest. */
async function fill(from: string, place: string, step: Step, { userIds }: People): Promise<void> {
  cpSync(from, place, { recursive: true });
  await LogFile.change(databaseIn(place), async (file) => {
    const rooms = await file.addRooms(step.rooms, userIds[0] ?? 1);
    await file.addMembers();
    if (step.messages === 0) return;
    console.log(`Writing ${number(step.messages, 0)} messages, half of them into one room ...`);
    await file.fill(BIG_ROOM, step.messages / 2, PEOPLE);
    const others = rooms.filter((room) => room !== BIG_ROOM);
    for (const room of others) await file.fill(room, Math.floor(step.messages / 2 / others.length), PEOPLE);
  });
}

async function measure(
  place: string,
  step: Step,
  people: People,
  generator: Generator,
  { durability, seconds }: Options,
  pages: PageTimes[] | undefined,
): Promise<Reading> {
  const server = await ServerProcess.settled(launchOf(place, await freePort(), durability));
  try {
    const rooms = Array.from({ length: step.rooms }, (_, index) => index + 1);
    const load = closed(step)({ seconds });
    const reading = await generator.load(server, approachOf(place, { ...people, rooms }), load, seconds);
    const [token = ''] = people.tokens;
    pages?.push(...(await timePages(server.origin, BIG_ROOM, token, step.messages / 2)));
    return reading;
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  } finally {
    await server.stop();
    if (pages !== undefined) rmSync(place, { recursive: true, force: true });
  }
}

function shortly({ fields, flaws }: Reading): string {
  const texts = flaws.map(({ text }) => `!! ${text}`);
  return [`${number(deliveriesPerSecond(fields) ?? Number.NaN, 0)} deliveries/s`, ...texts].join('  ');
}

function print(steps: readonly Step[], grown: readonly Grown[], pages: readonly PageTimes[]): void {
  const rows = steps.map(({ what, size, rooms, talking, members, senders, window }) => {
    const own = grown.filter((one) => one.what === what && one.size === size);
    const sound = own.filter((reading) => worstOf(reading) === undefined);
    const of = (value: (reading: Grown) => number | undefined, digits: number): string => {
      const middle = median(sound.flatMap((reading) => value(reading) ?? []));
      return middle === undefined ? '-' : number(middle, digits);
    };
    const field = (name: string) => (reading: Grown) => optionalNumber(reading.fields, name);
    return [
      `${number(size, 0)} ${what}`,
      `${number(rooms, 0)} x ${number(members, 0)}`,
      number(talking * senders * window, 0),
      of((reading) => deliveriesPerSecond(reading.fields), 0),
      of(field('deliv_per_cpu_s'), 0),
      of(field('p99_ms'), 1),
      of(field('srv_cpu'), 0),
      sound.length === own.length ? String(own.length) : `${sound.length} of ${own.length}`,
    ];
  });
  const head = ['', 'rooms', 'on their way', 'deliveries/s', 'per CPU s', 'p99 ms', 'server %', 'runs'];
  console.log(`\nMedians; runs that are not sound do not count (see above)\n${columns([head, ...rows])}`);
  const times = pages.map(({ place, by, p50Ms, p99Ms }) => [
    `${place} of the big room, ${by}`,
    number(p50Ms, 2),
    number(p99Ms, 2),
  ]);
  console.log(`\nPages of 50 over REST\n${columns([['', 'p50 ms', 'p99 ms'], ...times])}`);
}
