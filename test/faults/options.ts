import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';

/** In the order in which a seed has always found them. */
const ONE_NODE = [
  'kill',
  'term',
  'pause',
  'full',
  'lock',
  'stall',
  'halfopen',
  'cut',
  'lostacks',
  'storm',
  'delay',
] as const;
/** What several nodes share, and the way of one of them to it. */
const BETWEEN_NODES = [
  'redis',
  'redis-stop',
  'redis-way',
  'redis-stall',
  'database',
  'database-way',
  'database-stall',
] as const;
/** Several nodes have no disk that could be full: their database is somewhere else. */
const ALONE_ONLY = 'full';
const FAULTS = [...ONE_NODE, ...BETWEEN_NODES];
export type FaultKind = (typeof FAULTS)[number];

export interface Options {
  /** One on SQLite; several on PostgreSQL and Redis. */
  readonly nodes: number;
  readonly kills: number;
  /** The other bound: the nemesis stops after so many seconds, however many kills there were. */
  readonly seconds: number | undefined;
  readonly seed: string;
  readonly faults: ReadonlySet<FaultKind>;
  readonly clients: number;
  readonly keep: boolean;
}

export class UsageError extends Error {}

export const USAGE = `Usage: npm run test:faults -- [options]

  --nodes N      servers: 1 on SQLite, or several on PostgreSQL and Redis (1)
  --kills N      SIGKILLs that have to happen; the run goes on until then (200)
  --seconds N    stop breaking things after N seconds instead
  --seed TEXT    the plan; printed at the start of every run
  --faults LIST  only these, separated by commas: ${ONE_NODE.join(', ')};
                 with several nodes not ${ALONE_ONLY}, but ${BETWEEN_NODES.join(', ')}
  --clients N    people, each with 1 to 3 devices (12)
  --keep         keep the folder of the server and the history

Exit status: 0 everything held, 1 a violation, 2 usage, 130 interrupted.`;

const SECONDS_WITHOUT_KILLS = 60;

/** @throws UsageError */
export function optionsOf(args: readonly string[]): Options {
  const { values } = read(args);
  const nodes = wholeNumber('--nodes', values.nodes ?? '1');
  const faults = faultsOf(
    values.faults,
    nodes === 1 ? ONE_NODE : FAULTS.filter((kind) => kind !== ALONE_ONLY),
  );
  const seconds = values.seconds === undefined ? undefined : wholeNumber('--seconds', values.seconds);
  const kills = wholeNumber('--kills', values.kills ?? '200');
  return {
    nodes,
    kills: faults.has('kill') && (seconds === undefined || values.kills !== undefined) ? kills : Infinity,
    seconds: seconds ?? (faults.has('kill') ? undefined : SECONDS_WITHOUT_KILLS),
    seed: values.seed ?? randomBytes(6).toString('hex'),
    faults,
    clients: wholeNumber('--clients', values.clients ?? '12'),
    keep: values.keep ?? false,
  };
}

function read(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        nodes: { type: 'string' },
        kills: { type: 'string' },
        seconds: { type: 'string' },
        seed: { type: 'string' },
        faults: { type: 'string' },
        clients: { type: 'string' },
        keep: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(name: string, text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new UsageError(`${name} takes a whole number from 1, not "${text}".`);
}

function faultsOf(list: string | undefined, possible: readonly FaultKind[]): Set<FaultKind> {
  if (list === undefined) return new Set(possible);
  return new Set(
    list.split(',').map((name) => {
      const kind = possible.find((fault) => fault === name.trim());
      if (kind === undefined) throw new UsageError(`There is no fault "${name}" with so many nodes.`);
      return kind;
    }),
  );
}
