import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';

const FAULTS = [
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
export type FaultKind = (typeof FAULTS)[number];

export interface Options {
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

  --kills N      SIGKILLs that have to happen; the run goes on until then (200)
  --seconds N    stop breaking things after N seconds instead
  --seed TEXT    the plan; printed at the start of every run
  --faults LIST  only these, separated by commas: ${FAULTS.join(', ')}
  --clients N    people, each with 1 to 3 devices (12)
  --keep         keep the folder of the server and the history

Exit status: 0 everything held, 1 a violation, 2 usage, 130 interrupted.`;

const SECONDS_WITHOUT_KILLS = 60;

/** @throws UsageError */
export function optionsOf(args: readonly string[]): Options {
  const { values } = read(args);
  const faults = faultsOf(values.faults);
  const seconds = values.seconds === undefined ? undefined : wholeNumber('--seconds', values.seconds);
  const kills = wholeNumber('--kills', values.kills ?? '200');
  return {
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

function faultsOf(list: string | undefined): Set<FaultKind> {
  if (list === undefined) return new Set(FAULTS);
  return new Set(
    list.split(',').map((name) => {
      const kind = FAULTS.find((fault) => fault === name.trim());
      if (kind === undefined) throw new UsageError(`There is no fault "${name}".`);
      return kind;
    }),
  );
}
