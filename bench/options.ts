import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  ATTACKS,
  DURABILITIES,
  PEERS,
  SCENARIOS,
  type AttackName,
  type Durability,
  type PeerName,
  type ScenarioName,
} from './names.js';

const COMMANDS = ['compare', 'storm', 'growth', 'soak', 'attacks'] as const;
type Command = (typeof COMMANDS)[number];

export interface Options {
  readonly command: Command;
  readonly rounds: number;
  /** Measured in each run, after a second that does not count. */
  readonly seconds: number;
  readonly only: readonly ScenarioName[];
  readonly peers: readonly PeerName[];
  readonly durability: Durability;
  /** Smaller and shorter everywhere: shows that it works, measures little. */
  readonly quick: boolean;
  /** Where the JSON goes; the chart stands beside it. */
  readonly out: string | undefined;
  readonly minutes: number;
  readonly clients: number;
  readonly attacks: readonly AttackName[];
}

export class UsageError extends Error {}

export const USAGE = `Usage: npm run bench -- [compare | storm | growth | soak | attacks] [options]

  compare   Parlor beside its peers, in rounds; what happens without a command
  storm     10,000 clients come back at once after a kill
  growth    with more connections, more rooms and a longer log
  soak      steady load for --minutes
  attacks   what the innocent notice while others attack a server with its default limits

  --rounds N          rounds, in each of which every peer has its turn (3)
  --seconds N         measured in each run (4)
  --only LIST         ${SCENARIOS.join(', ')}
  --peers LIST        ${PEERS.join(', ')}
  --durability WORD   ${DURABILITIES.join(' or ')}: Parlor's DURABILITY (full)
  --minutes N         of soak (30)
  --clients N         of storm (10000)
  --attack TEXT       only attacks with this in their names
  --quick             one round, one second, fewer connections: does it work?
  --out FILE          the result (bench/results/latest.json, or named after the command)

Exit status: 0 measured, 1 something failed, 2 usage, 130 interrupted.`;

/** @throws UsageError */
export function optionsOf(args: readonly string[]): Options {
  const { values, positionals } = read(args);
  const [command = 'compare', ...more] = positionals;
  if (more.length > 0) throw new UsageError(`One command at a time, not "${more.join(' ')}" too.`);
  const quick = values.quick ?? false;
  return {
    command: oneOf('command', COMMANDS, command),
    rounds: wholeNumber('--rounds', values.rounds ?? (quick ? '1' : '3')),
    seconds: wholeNumber('--seconds', values.seconds ?? (quick ? '1' : '4')),
    only: listOf('scenario', SCENARIOS, values.only),
    peers: listOf('peer', PEERS, values.peers),
    durability: oneOf('durability', DURABILITIES, values.durability ?? 'full'),
    quick,
    out: values.out === undefined ? undefined : resolve(values.out),
    minutes: wholeNumber('--minutes', values.minutes ?? (quick ? '1' : '30')),
    clients: wholeNumber('--clients', values.clients ?? (quick ? '1000' : '10000')),
    attacks: attacksNamed(values.attack ?? ''),
  };
}

function read(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        only: { type: 'string' },
        peers: { type: 'string' },
        durability: { type: 'string' },
        quick: { type: 'boolean' },
        out: { type: 'string' },
        minutes: { type: 'string' },
        clients: { type: 'string' },
        attack: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(name: string, text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new UsageError(`${name} takes a whole number from 1 to 99999, not "${text}".`);
}

function attacksNamed(text: string): readonly AttackName[] {
  const named = ATTACKS.filter((name) => name.includes(text));
  if (named.length > 0) return named;
  throw new UsageError(`No attack has "${text}" in its name: ${ATTACKS.join('; ')}.`);
}

function oneOf<T extends string>(what: string, known: readonly T[], name: string): T {
  const found = known.find((candidate) => candidate === name);
  if (found === undefined) throw new UsageError(`There is no ${what} "${name}": ${known.join(', ')}.`);
  return found;
}

/** In the order of the table, whatever the order on the command line; all when none is named. */
function listOf<T extends string>(what: string, known: readonly T[], list: string | undefined): readonly T[] {
  if (list === undefined) return known;
  const wanted = new Set(list.split(',').map((name) => oneOf(what, known, name.trim())));
  return known.filter((name) => wanted.has(name));
}
