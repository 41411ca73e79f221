import { fieldsIn, optionalNumber, type Fields } from './fields.js';

/** From here on the generator had no time left: the server might have done more. */
const GENERATOR_FULL = 95;

/**
 * What is wrong with a run, the worst first.
 *
 * - `broken`: something is missing, doubled or went elsewhere; its numbers say nothing.
 * - `disorder`: everything came once, but not in order: fast at something else than a chat.
 * - `floor`: the generator was the bottleneck; a throughput is at least that, and a latency says nothing.
 */
const KINDS = ['broken', 'disorder', 'floor'] as const;

export interface Flaw {
  readonly kind: (typeof KINDS)[number];
  readonly text: string;
}

/** What one run of a generator came to: the numbers as it printed them, and what is wrong with them. */
export interface Reading {
  readonly fields: Fields;
  readonly flaws: readonly Flaw[];
}

/** Counts that have to be 0, and what it means when they are not. */
const MUST_BE_ZERO = [
  ['lost', 'broken', 'deliveries lost, or still missing when the wait for them ended'],
  ['dup', 'broken', 'deliveries doubled'],
  ['gaps', 'disorder', 'deliveries out of order (one before them had not come)'],
  ['late', 'disorder', 'deliveries out of order (after a later one)'],
  ['misrouted', 'broken', 'deliveries to another room'],
  ['closed', 'broken', 'connections closed by the server'],
  ['failed', 'broken', 'handshakes refused'],
  ['errors', 'broken', 'requests that failed'],
] as const;

/** Reads a line of the generator, or the reason why there is none. Never throws: a failed run is a result too. */
export function readingOf(line: string): Reading {
  try {
    const fields = fieldsIn(line);
    return { fields, flaws: flawsOf(fields) };
  } catch {
    return failed(`the generator printed no result, but: ${line.trim().slice(0, 300) || '(nothing)'}`);
  }
}

export function failed(why: string): Reading {
  return { fields: {}, flaws: [{ kind: 'broken', text: why }] };
}

export function flawsOf(fields: Fields): Flaw[] {
  const flaws: Flaw[] = [];
  const broken = (text: string): void => {
    flaws.push({ kind: 'broken', text });
  };
  if (fields.error !== undefined) broken(`the generator says ${JSON.stringify(fields.error)}`);
  for (const [name, kind, text] of MUST_BE_ZERO) {
    const count = optionalNumber(fields, name) ?? 0;
    if (count !== 0) flaws.push({ kind, text: `${count} ${text}` });
  }
  if (fields.drained === false) broken('deliveries still missing when the wait for them ended');
  const [ready, wanted] = [optionalNumber(fields, 'ready'), optionalNumber(fields, 'conns')];
  if (ready !== undefined && wanted !== undefined && ready < wanted) {
    broken(`${ready} of ${wanted} connections came about`);
  }
  const cpu = optionalNumber(fields, 'lg_cpu');
  if (cpu !== undefined && cpu >= GENERATOR_FULL) {
    flaws.push({ kind: 'floor', text: `the generator was the bottleneck (${cpu.toFixed(0)} % of its core)` });
  }
  return flaws;
}

export function worstOf({ flaws }: Reading): Flaw['kind'] | undefined {
  return KINDS.find((kind) => flaws.some((flaw) => flaw.kind === kind));
}
