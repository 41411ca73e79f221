import { optionalNumber, type Fields } from './fields.js';
import type { ScenarioName } from './names.js';

export interface Metric {
  readonly title: string;
  readonly digits: number;
  /** Whether ours divided by theirs is worth a column, and what is better. */
  readonly ratio?: 'more is better' | 'less is better';
  readonly of: (fields: Fields) => number | undefined;
}

/** How long and how large; the options decide. */
export interface Effort {
  readonly seconds: number;
  readonly quick: boolean;
}

export interface Scenario {
  readonly name: Exclude<ScenarioName, 'sweep'>;
  readonly title: string;
  readonly load:
    { readonly socket: (effort: Effort) => readonly string[] } | { readonly rest: 'post' | 'list' };
  /** What Parlor needs for it, filled in beforehand. */
  readonly rooms: (effort: Effort) => number;
  readonly metrics: readonly Metric[];
}

/** Seconds for the last deliveries. A closed loop with many messages on their way is not done at once. */
const DRAIN = '12';
const CONNECTIONS = 10_000;
const CONNECTIONS_QUICK = 1_000;
const ROOM = 10;

const field = (name: string) => (fields: Fields) => optionalNumber(fields, name);

const THROUGHPUT: readonly Metric[] = [
  { title: 'deliveries/s', digits: 0, ratio: 'more is better', of: deliveriesPerSecond },
  {
    title: 'per server CPU s',
    digits: 0,
    ratio: 'more is better',
    of: (fields) => positive(optionalNumber(fields, 'deliv_per_cpu_s')),
  },
  { title: 'p99 ms', digits: 1, of: field('p99_ms') },
  { title: 'server %', digits: 0, of: field('srv_cpu') },
  { title: 'generator %', digits: 0, of: field('lg_cpu') },
];

const LATENCY: readonly Metric[] = [
  { title: 'p50 ms', digits: 2, of: field('p50_ms') },
  { title: 'p99 ms', digits: 2, ratio: 'less is better', of: field('p99_ms') },
  { title: 'p99.9 ms', digits: 2, of: field('p999_ms') },
  { title: 'server %', digits: 1, ratio: 'less is better', of: field('srv_cpu') },
  { title: 'generator %', digits: 0, of: field('lg_cpu') },
];

const LAST: readonly Metric[] = [
  { title: 'p50 ms', digits: 3, of: field('last_p50_ms') },
  { title: 'p99 ms', digits: 3, ratio: 'less is better', of: field('last_p99_ms') },
  { title: 'server %', digits: 1, of: field('srv_cpu') },
  { title: 'generator %', digits: 1, of: field('lg_cpu') },
];

const CONNECTING: readonly Metric[] = [
  { title: 'KiB/connection', digits: 1, ratio: 'less is better', of: field('kb_per_conn') },
  { title: 'accepted/s', digits: 0, ratio: 'more is better', of: field('connects_per_s') },
  { title: 'handshake p99 ms', digits: 1, of: field('hs_p99_ms') },
  { title: 'server %', digits: 0, of: field('srv_cpu') },
  { title: 'generator %', digits: 0, of: field('lg_cpu') },
];

const REQUESTS: readonly Metric[] = [
  { title: 'requests/s', digits: 0, ratio: 'more is better', of: field('req_s') },
  { title: 'per server CPU s', digits: 0, ratio: 'more is better', of: field('req_per_cpu_s') },
  { title: 'p99 ms', digits: 1, of: field('p99_ms') },
  { title: 'server %', digits: 0, of: field('srv_cpu') },
  { title: 'generator %', digits: 0, of: field('lg_cpu') },
];

export const ALL_SCENARIOS: readonly Scenario[] = [
  {
    name: 'fan1000',
    title: 'one room of 1000, 10 senders with 2 messages on their way each (closed loop)',
    load: { socket: closed({ rooms: 1, members: 1000, senders: 10, window: 2 }) },
    rooms: () => 1,
    metrics: THROUGHPUT,
  },
  {
    name: 'fan10',
    title: '100 rooms of 10, everybody sends, 1 message on its way each (closed loop)',
    load: { socket: closed({ rooms: 100, members: 10, senders: 10, window: 1 }) },
    rooms: () => 100,
    metrics: THROUGHPUT,
  },
  {
    name: 'fan2',
    title: '1000 rooms of 2, one of them sends, 1 message on its way each (closed loop)',
    load: { socket: closed({ rooms: 1000, members: 2, senders: 1, window: 1 }) },
    rooms: () => 1000,
    metrics: THROUGHPUT,
  },
  {
    name: 'rate1000',
    title: '20 messages a second into one room of 1000 (open loop)',
    load: { socket: open({ rooms: 1, members: 1000, senders: 10, rate: 20 }) },
    rooms: () => 1,
    metrics: LATENCY,
  },
  {
    name: 'alone',
    title: 'a message every 10 ms in an idle room of 10, until the last of them has it (open loop)',
    load: { socket: open({ rooms: 1, members: ROOM, senders: 1, rate: 100 }) },
    rooms: () => 1,
    metrics: LAST,
  },
  {
    name: 'idle',
    title: 'connections in rooms of ten, 64 handshakes at a time, then silence',
    load: {
      socket: (effort) => [
        ...['--mode', 'idle', '--conns', String(connections(effort))],
        ...['--members', String(ROOM), '--conc', '64', '--hold', '3'],
      ],
    },
    rooms: (effort) => connections(effort) / ROOM,
    metrics: CONNECTING,
  },
  {
    name: 'rest-post',
    title: 'POST of a message over REST, 32 connections',
    load: { rest: 'post' },
    rooms: () => 1,
    metrics: REQUESTS,
  },
  {
    name: 'rest-list',
    title: 'GET of the last 50 messages over REST, 32 connections',
    load: { rest: 'list' },
    rooms: () => 1,
    metrics: REQUESTS,
  },
];

interface Shape {
  readonly rooms: number;
  /** Rooms in which anybody sends; all of them when it is missing. */
  readonly talking?: number;
  readonly members: number;
  readonly senders: number;
}

export function closed({ window, ...shape }: Shape & { readonly window: number }) {
  return ({ seconds }: Pick<Effort, 'seconds'>): string[] => [
    ...shaped(shape, seconds),
    ...['--window', String(window), '--drain', DRAIN],
  ];
}

export function open({ rate, ...shape }: Shape & { readonly rate: number }) {
  return ({ seconds }: Pick<Effort, 'seconds'>): string[] => [
    ...shaped(shape, seconds),
    '--rate',
    String(rate),
  ];
}

function shaped({ rooms, talking = rooms, members, senders }: Shape, seconds: number): string[] {
  return [
    ...['--mode', 'fanout', '--rooms', String(rooms), '--members', String(members)],
    ...['--talking', String(talking)],
    ...['--senders', String(senders), '--duration', String(seconds)],
  ];
}

function connections({ quick }: Effort): number {
  return quick ? CONNECTIONS_QUICK : CONNECTIONS;
}

/**
 * In a closed loop a window that saw fewer than three rounds of what was on its way is too short to count in: there
 * the whole run counts, from the first message to the last delivery.
 */
export function deliveriesPerSecond(fields: Fields): number | undefined {
  const of = (name: string): number => optionalNumber(fields, name) ?? 0;
  const onTheirWay = of('rooms') * of('senders') * of('window');
  const short = of('rate') === 0 && of('sent') < 3 * onTheirWay;
  return optionalNumber(fields, short ? 'deliv_s_total' : 'deliv_s');
}

/** The generator prints 0 when it could not tell. */
function positive(value: number | undefined): number | undefined {
  return value === 0 ? undefined : value;
}
