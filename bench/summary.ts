import type { PeerName, ScenarioName } from './names.js';
import { worstOf } from './reading.js';
import type { Run } from './rounds.js';
import type { Metric, Scenario } from './scenarios.js';
import { median, ratioByRound, type Ratio } from './statistics.js';

/** Ours, to which every ratio refers. */
const OURS: PeerName = 'parlor';

export interface Cell {
  readonly title: string;
  readonly digits: number;
  /** Over the runs that count. */
  readonly median: number | undefined;
  /** Parlor's value divided by this peer's, round by round. */
  readonly parlorIs: Ratio | undefined;
  readonly better: Metric['ratio'] | undefined;
}

export interface Row {
  readonly peer: PeerName;
  readonly cells: readonly Cell[];
  readonly runs: number;
  /** How many of the runs count. */
  readonly counted: number;
  /** What all runs that count have in common; nothing when they are sound. */
  readonly flaw: 'floor' | 'disorder' | undefined;
}

export interface Summary {
  readonly scenario: ScenarioName;
  readonly title: string;
  readonly rows: readonly Row[];
}

/**
 * Broken runs never count. Runs that were bound by the generator or out of order count only when there are no better
 * ones, and then the row says so.
 */
export function summaryOf({ name, title, metrics }: Scenario, all: readonly Run[]): Summary {
  const runs = all.filter(({ scenario }) => scenario === name);
  const peers = [...new Set(runs.map(({ peer }) => peer))];
  const ours = counting(runs, OURS);
  const rows = peers.map((peer) => {
    const theirs = counting(runs, peer);
    return {
      peer,
      runs: runs.filter((run) => run.peer === peer).length,
      counted: theirs.runs.length,
      flaw: theirs.flaw,
      cells: metrics.map((metric) => cellOf(metric, ours.runs, theirs.runs, peer)),
    };
  });
  return { scenario: name, title, rows };
}

function counting(runs: readonly Run[], peer: PeerName): { runs: Run[]; flaw: Row['flaw'] } {
  const own = runs.filter((run) => run.peer === peer);
  for (const flaw of [undefined, 'floor', 'disorder'] as const) {
    const alike = own.filter((run) => worstOf(run) === flaw);
    if (alike.length > 0) return { runs: alike, flaw };
  }
  return { runs: [], flaw: undefined };
}

function cellOf(metric: Metric, ours: readonly Run[], theirs: readonly Run[], peer: PeerName): Cell {
  const values = valuesOf(metric, theirs);
  const compared = metric.ratio !== undefined && peer !== OURS;
  return {
    title: metric.title,
    digits: metric.digits,
    median: median([...values.values()]),
    parlorIs: compared ? ratioByRound(valuesOf(metric, ours), values) : undefined,
    better: metric.ratio,
  };
}

function valuesOf({ of }: Metric, runs: readonly Run[]): Map<number, number> {
  return new Map(
    runs.flatMap(({ round, fields }): [number, number][] => {
      const value = of(fields);
      return value === undefined ? [] : [[round, value]];
    }),
  );
}
