import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisedIn, type Promised } from './outgoing.parser.js';
import type { Operation } from './record.js';
import { Disk, type Survival } from './replay.js';
import { Seeded } from './seeded.js';
import { brokenIn, lostOf, openLeftovers } from './stored.js';

/** The power fails before the operation with this index. */
export interface PowerLoss {
  readonly index: number;
  readonly survival: Survival;
}

export interface Losses {
  readonly points: number;
  /** How many messages were told of in the whole record, each time counted. */
  readonly promised: number;
  /** Promised and not there any more; a sentence for each point that lost some. */
  readonly lost: string[];
  /** Files that are not whole, or not a log without holes. */
  readonly broken: string[];
}

export interface Trial {
  readonly seed: number;
  /** See {@link Disk}. */
  readonly forgetful?: boolean;
}

/**
 * Points that are worth a power loss: right before and right after somebody was told of a message, before and
 * after syncs, in the middle of checkpoints, anywhere, and the end.
 */
export function choosePoints(operations: readonly Operation[], seed: number): PowerLoss[] {
  const random = new Seeded(seed);
  const isSync = ({ kind }: Operation) => kind === 'synced' || kind === 'unsynced';
  const isCheckpoint = (operation: Operation) =>
    operation.kind === 'written' && operation.bytes.length === 4096 && operation.offset % 4096 === 0;
  const where = (wanted: (operation: Operation) => boolean) =>
    operations.flatMap((operation, index) => (wanted(operation) ? [index] : []));
  const some = (indexes: readonly number[], count: number) =>
    Array.from({ length: count }, () => indexes[random.below(indexes.length)] ?? 0);
  const promised = promisedIn(operations).map(({ index }) => index);
  const around = [...some(promised, 40), ...some(where(isSync), 20)].flatMap((index) => [index, index + 1]);
  const checkpoints = some(where(isCheckpoint), 20);
  const anywhere = Array.from({ length: 20 }, () => random.below(operations.length));
  const points = [...around, ...checkpoints, ...anywhere].map((index): PowerLoss => {
    return { index, survival: random.chance(0.5) ? 'gone' : 'torn' };
  });
  const end = operations.length;
  const last = (['gone', 'kept', 'torn'] as const).map((survival) => ({ index: end, survival }));
  return [...points, ...last].sort((one, other) => one.index - other.index);
}

/** Lets the power fail at each of these points, and looks at what is left. */
export async function losePower(
  operations: readonly Operation[],
  points: readonly PowerLoss[],
  { seed, forgetful = false }: Trial,
): Promise<Losses> {
  const folder = await mkdtemp(join(tmpdir(), 'parlor-power-'));
  const promised = promisedIn(operations);
  const random = new Seeded(seed);
  const disk = new Disk(forgetful);
  const losses: Losses = { points: points.length, promised: promised.length, lost: [], broken: [] };
  let next = 0;
  for (const { index, survival } of points) {
    for (const operation of operations.slice(next, index)) disk.apply(operation);
    next = Math.max(next, index);
    const where = `seed ${seed}, ${survival}, before ${index} of ${operations.length} (${operations[index]?.kind})`;
    try {
      const left = disk.afterPowerLoss(survival, random);
      const stored = await openLeftovers(left, join(folder, 'left'));
      const lost = lostOf(toldBefore(promised, index), stored);
      if (lost.length > 0) losses.lost.push(`${where}: ${lost.length} lost, first ${sentenceOf(lost)}`);
      losses.broken.push(...brokenIn(stored).map((sentence) => `${where}: ${sentence}`));
    } catch (error) {
      losses.broken.push(`${where}: ${String(error)}`);
    }
  }
  await rm(folder, { recursive: true });
  return losses;
}

function toldBefore(promised: readonly Promised[], end: number): Promised[] {
  return promised.filter(({ index }) => index < end);
}

function sentenceOf([first]: readonly Promised[]): string {
  return first === undefined ? 'none' : `id ${first.id} seq ${first.seq}, told with operation ${first.index}`;
}
