import type { FaultKind } from './options.js';
import type { Random } from './random.js';

const KILL_MOMENTS = ['ack', 'once', 'message'] as const;
type KillMoment = (typeof KILL_MOMENTS)[number];

/** One thing that is broken, and how. Everything in it is decided by the seed. */
export interface FaultStep {
  readonly kind: FaultKind;
  /** Milliseconds of peace before it. */
  readonly rest: number;
  readonly milliseconds: number;
  /** Part of the sockets that it hits; at least one. */
  readonly share: number;
  /** The server is killed so many milliseconds after the fault has begun. */
  readonly killAfter: number | undefined;
  /** A plain kill comes at once, or with the next word of the server that has to be durable by then. */
  readonly killAt: KillMoment;
  /** A second SIGTERM comes so many milliseconds after the first. */
  readonly secondAfter: number | undefined;
}

/** How often each comes up after the first round. */
const WEIGHT: Record<FaultKind, number> = {
  kill: 12,
  term: 2,
  pause: 2,
  full: 1.5,
  lock: 1.5,
  stall: 1.5,
  halfopen: 1.5,
  cut: 2,
  lostacks: 2.5,
  storm: 2,
  delay: 1.5,
  redis: 2,
  'redis-stop': 1.5,
  'redis-way': 2,
  'redis-stall': 1.5,
  database: 1.5,
  'database-way': 2,
  'database-stall': 2,
};

/** During these the server may be killed too. */
const COMBINED = ['pause', 'full', 'lock', 'database'] as const satisfies readonly FaultKind[];
const COMBINED_SHARE = 0.35;
/** SQLite waits 5 s for a lock: longer than that has to be tried as well. */
const LONG_LOCK_MS = 6_500;
const SECOND_SIGTERM_MS = 300;

/**
 * The faults of a run, without end: first each kind once, with kills in between and each combination with a
 * kill once, then whatever comes up. So even a short run has met everything.
 */
export function* faultsOf(random: Random, allowed: ReadonlySet<FaultKind>): Generator<FaultStep, never> {
  const canKill = allowed.has('kill');
  const kinds = [...allowed];
  let kills = random.integer(1, KILL_MOMENTS.length);
  const kill = (): FaultStep => {
    const killAt = KILL_MOMENTS[(kills += 1) % KILL_MOMENTS.length] ?? 'once';
    return { ...stepOf(random, 'kill', false), killAt };
  };
  for (const [index, { kind, also }] of random.shuffled(firstRound(allowed)).entries()) {
    if (canKill && index % 2 === 0) yield kill();
    const step = stepOf(random, kind, also === 'kill');
    if (kind === 'lock' && also === undefined) yield { ...step, milliseconds: LONG_LOCK_MS };
    else if (kind === 'term')
      yield { ...step, secondAfter: also === 'second' ? step.milliseconds : undefined };
    else yield step;
  }
  for (;;) {
    const kind = weighted(random, kinds);
    if (kind === 'kill') {
      yield kill();
      continue;
    }
    const mayCombine = COMBINED.some((one) => one === kind) && canKill;
    yield stepOf(random, kind, mayCombine && random.chance(COMBINED_SHARE));
  }
}

/** Steps of the first round: what a run has to do before it may end. */
export function firstRoundOf(allowed: ReadonlySet<FaultKind>): number {
  const { length } = firstRound(allowed);
  return allowed.has('kill') ? length + Math.ceil(length / 2) : length;
}

interface First {
  readonly kind: FaultKind;
  readonly also: 'kill' | 'second' | undefined;
}

function firstRound(allowed: ReadonlySet<FaultKind>): First[] {
  const alone = [...allowed].filter((kind) => kind !== 'kill').map((kind) => ({ kind, also: undefined }));
  const combined = COMBINED.filter((kind) => allowed.has('kill') && allowed.has(kind));
  const twice = allowed.has('term') ? [{ kind: 'term', also: 'second' } as const] : [];
  return [...alone, ...combined.map((kind) => ({ kind, also: 'kill' }) as const), ...twice];
}

function weighted(random: Random, kinds: readonly FaultKind[]): FaultKind {
  let left = random.next() * kinds.reduce((sum, kind) => sum + WEIGHT[kind], 0);
  for (const kind of kinds) {
    left -= WEIGHT[kind];
    if (left < 0) return kind;
  }
  return random.pick(kinds);
}

function stepOf(random: Random, kind: FaultKind, withKill: boolean): FaultStep {
  const milliseconds = lengthOf(random, kind);
  // Drawn for every kind, so that all later steps stay the same when a length changes.
  const rest = Math.round(random.exponential(250));
  const share = random.next() * 0.6;
  const second = random.chance(0.5) ? random.integer(0, SECOND_SIGTERM_MS) : undefined;
  const killAfter = withKill ? random.integer(50, Math.max(50, milliseconds)) : undefined;
  return {
    kind,
    rest,
    milliseconds,
    share,
    killAfter,
    killAt: 'once',
    secondAfter: kind === 'term' ? second : undefined,
  };
}

function lengthOf(random: Random, kind: FaultKind): number {
  switch (kind) {
    case 'pause':
      return random.integer(200, 3_000);
    case 'lock':
      return random.chance(0.2) ? LONG_LOCK_MS : random.integer(200, 3_000);
    case 'full':
      return random.integer(300, 1_500);
    case 'stall':
      // Shorter than the patience of a client, so that it is still there to read why it was sent away.
      return random.integer(1_600, 2_200);
    case 'lostacks':
      return random.integer(100, 1_200);
    case 'delay':
    case 'redis':
    case 'redis-way':
    case 'database':
    case 'database-way':
      return random.integer(500, 3_000);
    case 'redis-stop':
    case 'redis-stall':
    case 'database-stall':
      // A Redis that does not answer is given up after 2 to 3 s: shorter and longer than that.
      return random.integer(1_000, 5_000);
    case 'kill':
    case 'term':
    case 'halfopen':
    case 'cut':
    case 'storm':
      return random.integer(0, 300);
  }
}
