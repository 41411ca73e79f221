import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { optionalNumber } from './fields.js';
import type { Generator } from './generator.js';
import type { PeerName } from './names.js';
import { startPeer, type Ground, type Running } from './peers.js';
import { worstOf, type Flaw, type Reading } from './reading.js';
import { open, type Effort } from './scenarios.js';

const SWEPT = { rooms: 100, members: 10, senders: 10 } as const;
/** Messages a second. */
const FIRST_RATE = 500;
const LAST_RATE = 64_000;
/** Two steps to a doubling: enough to see where it bends. */
const STEP = Math.SQRT2;
const STEP_QUICK = 2;
/** Nobody would call that a conversation any more. */
const P99_LIMIT_MS = 250;

/** What came of offering so many messages a second. */
export interface SweepPoint {
  readonly peer: PeerName;
  readonly offered: number;
  readonly deliveriesPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly serverCpu: number;
  readonly generatorCpu: number;
  readonly flaws: readonly Flaw[];
  /** It did not go on from here: too slow, something missing, or the end of the generator. */
  readonly last: boolean;
}

export function ratesOf(quick: boolean): number[] {
  const rates: number[] = [];
  const step = quick ? STEP_QUICK : STEP;
  for (let rate: number = FIRST_RATE; rate <= LAST_RATE * 1.01; rate *= step)
    rates.push(Math.round(rate / 10) * 10);
  return rates;
}

/** Offers more and more to one peer, until its p99 is too high or something is missing. */
export async function sweep(
  peer: PeerName,
  effort: Effort,
  { generator, ground, folder }: { generator: Generator; ground: Ground; folder: string },
): Promise<SweepPoint[]> {
  const place = join(folder, 'sweep');
  rmSync(place, { recursive: true, force: true });
  const running = await startPeer(peer, place, ground);
  const points: SweepPoint[] = [];
  try {
    for (const rate of ratesOf(effort.quick)) {
      const point = await betterOfTwo(() => stepOf(peer, running, generator, rate, effort));
      if (point === undefined) break;
      points.push(point);
      if (point.last) break;
    }
  } finally {
    await running.server.stop();
    rmSync(place, { recursive: true, force: true });
  }
  return points;
}

/** A stall of the machine must not end a curve: who fails a step may try once more. */
async function betterOfTwo(step: () => Promise<SweepPoint | undefined>): Promise<SweepPoint | undefined> {
  const first = await step();
  return first?.last === false ? first : ((await step()) ?? first);
}

async function stepOf(
  peer: PeerName,
  running: Running,
  generator: Generator,
  rate: number,
  effort: Effort,
): Promise<SweepPoint | undefined> {
  if (running.server.hasEnded) return undefined;
  const load = open({ ...SWEPT, rate })(effort);
  const reading = await generator.load(running.server, running.approach, load, effort.seconds);
  const point = pointOf(peer, rate, reading);
  if (!point) for (const { text } of reading.flaws) console.log(`  !! ${peer} at ${rate}/s: ${text}`);
  return point;
}

export function pointOf(peer: PeerName, offered: number, reading: Reading): SweepPoint | undefined {
  const of = (name: string): number => optionalNumber(reading.fields, name) ?? Number.NaN;
  const p99 = of('p99_ms');
  if (Number.isNaN(p99)) return undefined;
  const worst = worstOf(reading);
  return {
    peer,
    offered,
    deliveriesPerSecond: of('deliv_s'),
    p50: of('p50_ms'),
    p99,
    serverCpu: of('srv_cpu'),
    generatorCpu: of('lg_cpu'),
    flaws: reading.flaws,
    last: p99 > P99_LIMIT_MS || worst === 'broken' || worst === 'floor',
  };
}
