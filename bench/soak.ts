import { optionalNumber } from './fields.js';
import { Generator, type Approach } from './generator.js';
import { Heap } from './heap.js';
import { installGenerator } from './installation.js';
import { LogFile } from './log-file.js';
import { describeMachine, inWords, memoryOf } from './machine.js';
import type { Options } from './options.js';
import { approachOf, databaseIn, launchOf, prepare, signUp } from './parlor.js';
import { worstOf, type Reading } from './reading.js';
import { writeResult } from './results.js';
import { closed, open } from './scenarios.js';
import { freePort, ServerProcess } from './server-process.js';
import { slope } from './statistics.js';

const PEOPLE = 10;
const MIB = 2 ** 20;
const CALIBRATION_SECONDS = 3;
const MINUTE_SECONDS = 60;
const MINUTE_SECONDS_QUICK = 10;
/** Two loads at once, each with this share of what the server can do with it alone: together two fifths. */
const SHARE = 0.2;
/** Caches fill and code is compiled in the beginning; that is no leak. */
const WARM_UP_SHARE = 0.25;

const SHAPES = {
  big: { rooms: 1, members: 300, senders: 10 },
  small: { rooms: 50, members: 10, senders: 10 },
} as const;
type ShapeName = keyof typeof SHAPES;

interface Minute {
  readonly minute: number;
  readonly residentMiB: number;
  readonly anonymousMiB: number;
  /** After a collection, with no connection open. */
  readonly liveHeapMiB: number;
  readonly loads: Readonly<Record<ShapeName, Reading>>;
}

/**
 * A steady load, minute by minute. The sockets come anew every minute, so that what a closed one leaves behind adds up
 * and is seen; between two minutes, with nobody there, the heap is measured.
 */
export async function soak(options: Options, folder: string): Promise<boolean> {
  const machine = await describeMachine();
  console.log(inWords(machine));
  const generator = new Generator(await installGenerator());
  const people = await prepare(folder, (origin) => signUp(origin, PEOPLE));
  const rooms: number[] = [];
  await LogFile.change(databaseIn(folder), async (file) => {
    rooms.push(...(await file.addRooms(SHAPES.big.rooms + SHAPES.small.rooms, people.userIds[0] ?? 1)));
    await file.addMembers();
  });

  const launch = launchOf(folder, await freePort(), options.durability);
  const inspector = await freePort();
  const args = [`--inspect=127.0.0.1:${inspector}`, ...launch.args];
  const server = await ServerProcess.settled({ ...launch, args });
  try {
    const heap = await Heap.of(inspector);
    const approaches = {
      big: approachOf(folder, { ...people, rooms: rooms.slice(0, SHAPES.big.rooms) }, 'big'),
      small: approachOf(folder, { ...people, rooms: rooms.slice(SHAPES.big.rooms) }, 'small'),
    };
    const rates = {
      big: await rateOf('big', approaches.big, generator, server),
      small: await rateOf('small', approaches.small, generator, server),
    };
    console.log(`Steady: ${rates.big} messages/s into 1 x 300, ${rates.small} messages/s into 50 x 10`);
    const seconds = options.quick ? MINUTE_SECONDS_QUICK : MINUTE_SECONDS;
    const minutes: Minute[] = [];
    for (let minute = 1; minute <= options.minutes * (options.quick ? 4 : 1); minute += 1) {
      const [big, small] = await Promise.all([
        generator.load(
          server,
          approaches.big,
          open({ ...SHAPES.big, rate: rates.big })({ seconds }),
          seconds,
        ),
        generator.load(
          server,
          approaches.small,
          open({ ...SHAPES.small, rate: rates.small })({ seconds }),
          seconds,
        ),
      ]);
      const { resident, anonymous } = memoryOf(server.pid);
      const liveHeapMiB = (await heap.live()) / MIB;
      const sample = { minute, residentMiB: resident / MIB, anonymousMiB: anonymous / MIB, liveHeapMiB };
      minutes.push({ ...sample, loads: { big, small } });
      console.log(inOneLine(sample, { big, small }));
    }
    heap.close();
    const growth = growthOf(minutes, seconds);
    console.log(`\nGrowth an hour, without the first quarter: ${growthInWords(growth)}`);
    console.log(writeResult(options, 'soak', machine, { rates, secondsOfAMinute: seconds, growth, minutes }));
    return minutes.every(({ loads }) => !Object.values(loads).some((load) => worstOf(load) === 'broken'));
  } finally {
    await server.stop();
  }
}

async function rateOf(
  name: ShapeName,
  approach: Approach,
  generator: Generator,
  server: ServerProcess,
): Promise<number> {
  const seconds = CALIBRATION_SECONDS;
  const load = closed({ ...SHAPES[name], window: 1 })({ seconds });
  const { fields, flaws } = await generator.load(server, approach, load, seconds);
  const most = optionalNumber(fields, 'msgs_s');
  if (most === undefined) throw new Error(`The load could not be calibrated: ${flaws[0]?.text}`);
  return Math.max(1, Math.round(most * SHARE));
}

function inOneLine(
  { minute, residentMiB, liveHeapMiB }: Omit<Minute, 'loads'>,
  loads: Minute['loads'],
): string {
  const p99 = (load: Reading): string => `${(optionalNumber(load.fields, 'p99_ms') ?? NaN).toFixed(1)} ms`;
  const trouble = [...loads.big.flaws, ...loads.small.flaws].map(({ text }) => `  !! ${text}`);
  const cpu = (optionalNumber(loads.big.fields, 'srv_cpu') ?? NaN).toFixed(0);
  return (
    `  ${String(minute).padStart(4)}  RSS ${residentMiB.toFixed(1)} MiB, live heap ${liveHeapMiB.toFixed(2)} MiB, ` +
    `p99 1 x 300 ${p99(loads.big)}, 50 x 10 ${p99(loads.small)}, server ${cpu} %${trouble.join('')}`
  );
}

/** MiB and milliseconds an hour; nothing when there are too few minutes for a line. */
export function growthOf(minutes: readonly Minute[], secondsOfAMinute: number) {
  const settled = minutes.slice(Math.floor(minutes.length * WARM_UP_SHARE));
  const anHour = (of: (minute: Minute) => number | undefined): number | undefined => {
    const points = settled.flatMap((minute) => {
      const y = of(minute);
      return y === undefined ? [] : [{ x: (minute.minute * secondsOfAMinute) / 3600, y }];
    });
    return slope(points);
  };
  return {
    residentMiB: anHour(({ residentMiB }) => residentMiB),
    anonymousMiB: anHour(({ anonymousMiB }) => anonymousMiB),
    liveHeapMiB: anHour(({ liveHeapMiB }) => liveHeapMiB),
    p99BigMs: anHour(({ loads }) => optionalNumber(loads.big.fields, 'p99_ms')),
    p99SmallMs: anHour(({ loads }) => optionalNumber(loads.small.fields, 'p99_ms')),
  };
}

function growthInWords(growth: ReturnType<typeof growthOf>): string {
  return Object.entries(growth)
    .map(([name, value]) => `${name} ${value === undefined ? 'unknown' : value.toFixed(2)}`)
    .join(', ');
}
