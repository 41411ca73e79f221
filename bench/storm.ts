import { setTimeout as pause } from 'node:timers/promises';
import { run } from './children.js';
import { fieldsIn, numberIn } from './fields.js';
import { LogFile } from './log-file.js';
import { describeMachine, inWords, pinned } from './machine.js';
import type { Options } from './options.js';
import { databaseIn, launchOf, prepare, signUp, type People } from './parlor.js';
import { ask, forEach } from './rest-client.js';
import { writeResult } from './results.js';
import { freePort, ServerProcess } from './server-process.js';
import { percentile } from './statistics.js';
import { StormClient, StormTally } from './storm-client.js';
import { columns, number } from './tables.js';

const ROOM = 10;
const PEOPLE = 200;
const HISTORY = 50;
/** Messages that the absent half has missed, in each room. */
const MISSED = 5;
const AT_A_TIME = 64;
/** For each step: then it is given up. */
const WITHIN_MS = 180_000;
/** The server is killed when so many of the last messages are acknowledged, and others under way. */
const ACKS_BEFORE_THE_KILL = 10;

/**
 * Clients of one process, each with a socket to a room of ten. Half of them lose the network and miss messages. Then the
 * server is killed amid messages, starts again, and all of them come back in the moment in which it listens.
 */
export async function storm(options: Options, folder: string): Promise<boolean> {
  const machine = await describeMachine();
  console.log(inWords(machine));
  if (machine.pinned) await beOnTheCoreOfTheGenerator();
  const rooms = Math.ceil(options.clients / ROOM);
  const count = rooms * ROOM;
  console.log(`${count} clients in ${rooms} rooms of ${ROOM} ...`);
  const people = await prepare(folder, (origin) => signUp(origin, PEOPLE));
  await LogFile.change(databaseIn(folder), async (file) => {
    const ids = await file.addRooms(rooms, people.userIds[0] ?? 1);
    await file.addMembers();
    for (const id of ids) await file.fill(id, HISTORY, PEOPLE);
  });

  const launch = launchOf(folder, await freePort(), options.durability);
  const before = new StormTally();
  const first = await ServerProcess.settled(launch);
  const clients = clientsOf(count, first.origin, people, before);
  await forEach(clients, AT_A_TIME, (client) => client.come());
  await miss(clients, before);
  await beKilled(clients, first, before);

  const server = await ServerProcess.start(launch);
  console.log('The server listens again; all come back at once ...');
  const during = new StormTally();
  for (const client of clients) client.tally = during;
  const { backAt, clientCpu } = await comeBack(clients);
  const acknowledged = [...before.acknowledged, ...during.acknowledged];
  const missing = await missingFrom(clients, acknowledged, server.origin, people);
  await server.stop();

  const outcome: Outcome = { count, before, during, backAt, clientCpu, missing };
  print(outcome);
  const { numbers, faults } = judged(outcome);
  const file = writeResult(options, 'storm', machine, { clients: count, ...numbers, faults });
  console.log(`\n${file}`);
  return faults.length === 0;
}

interface Outcome {
  readonly count: number;
  readonly before: StormTally;
  readonly during: StormTally;
  /** Milliseconds from the moment in which the server listened, for each client that came back. */
  readonly backAt: readonly number[];
  /** Percent of a core that this process used: near 100 the times are its own. */
  readonly clientCpu: number;
  readonly missing: Missing;
}

interface Missing {
  /** Clients whose newest message is not the newest of the room. */
  readonly behind: number;
  /** Acknowledged messages that are not in the log. */
  readonly lost: number;
}

async function beOnTheCoreOfTheGenerator(): Promise<void> {
  const [, [, core = '']] = pinned('generator', '', []);
  await run('taskset', ['-acp', core, String(process.pid)], { withinSeconds: 10 });
}

function clientsOf(count: number, origin: string, { tokens }: People, tally: StormTally): StormClient[] {
  return Array.from({ length: count }, (_, index) => {
    const room = 1 + Math.floor(index / ROOM);
    const token = tokens[index % tokens.length] ?? '';
    return new StormClient(origin, room, token, tally, index % ROOM === 0);
  });
}

/** Every second client is away while the first of each room posts. */
async function miss(clients: readonly StormClient[], tally: StormTally): Promise<void> {
  clients.filter((_, index) => index % 2 === 1).forEach((client) => client.drop());
  const writers = clients.filter((_, index) => index % ROOM === 0);
  for (let round = 0; round < MISSED; round += 1) {
    const wanted = tally.acknowledged.length + writers.length;
    for (const writer of writers) writer.post(`missed ${round} in ${writer.room}`);
    await until(() => tally.acknowledged.length >= wanted);
  }
}

async function beKilled(
  clients: readonly StormClient[],
  server: ServerProcess,
  tally: StormTally,
): Promise<void> {
  const wanted = tally.acknowledged.length + ACKS_BEFORE_THE_KILL;
  for (const writer of clients.filter((_, index) => index % ROOM === 0))
    writer.post(`last in ${writer.room}`);
  await until(() => tally.acknowledged.length >= wanted);
  await server.kill();
  // The sockets of this side learn of it in their own time; none may come back by itself before the storm.
  await until(() => clients.every((client) => client.isGone));
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + WITHIN_MS;
  while (!condition()) {
    if (performance.now() > end)
      throw new Error('The storm could not be prepared: what was sent is not answered.');
    await pause(1);
  }
}

async function comeBack(clients: readonly StormClient[]): Promise<Pick<Outcome, 'backAt' | 'clientCpu'>> {
  const [from, cpu] = [performance.now(), process.cpuUsage()];
  const backAt: number[] = [];
  const all = clients.map((client) => client.come().then(() => backAt.push(performance.now() - from)));
  const late = new AbortController();
  await Promise.race([Promise.all(all), pause(WITHIN_MS, undefined, { signal: late.signal })]);
  late.abort();
  const { user, system } = process.cpuUsage(cpu);
  return { backAt, clientCpu: (user + system) / 10 / (performance.now() - from) };
}

/** Compares what every client saw with the heads of the rooms, and what was acknowledged with what a witness saw. */
async function missingFrom(
  clients: readonly StormClient[],
  acknowledged: StormTally['acknowledged'],
  origin: string,
  { tokens }: People,
): Promise<Missing> {
  const [token = ''] = tokens;
  const heads = new Map<number, number>();
  const rooms = [...new Set(clients.map(({ room }) => room))];
  await forEach(rooms, AT_A_TIME, async (room) => {
    const fields = fieldsIn(await ask('GET', `${origin}/api/rooms/${room}`, { token }));
    heads.set(room, numberIn(fields, 'head_seq'));
  });
  const witnesses = new Map(clients.flatMap((client) => (client.seen ? [[client.room, client.seen]] : [])));
  return {
    behind: clients.filter(({ room, lastSeq }) => lastSeq !== heads.get(room)).length,
    lost: acknowledged.filter(({ room, seq, content }) => witnesses.get(room)?.get(seq) !== content).length,
  };
}

function judged({ count, before, during, backAt, clientCpu, missing }: Outcome) {
  const numbers = {
    back: backAt.length,
    allBackMs: Math.max(...backAt),
    backP50Ms: percentile(backAt, 50),
    backP99Ms: percentile(backAt, 99),
    handshakeP50Ms: percentile(during.handshakes, 50),
    handshakeP99Ms: percentile(during.handshakes, 99),
    attempts: during.attempts,
    refusals: Object.fromEntries(during.refusals),
    refusedAlthoughPatient: during.refusedAlthoughPatient,
    attemptsWithoutAnswer: Object.fromEntries(during.unanswered),
    messagesBroughtBack: during.shown,
    gaps: before.gaps + during.gaps,
    errors: [...before.errors, ...during.errors],
    holes: before.holes + during.holes,
    doubles: before.doubles + during.doubles,
    clientsBehind: missing.behind,
    acknowledgedAndLost: missing.lost,
    clientCpuPercent: clientCpu,
  };
  const mustBeZero = {
    'refused although they kept to Retry-After': numbers.refusedAlthoughPatient,
    'not back': count - numbers.back,
    'told of a gap': numbers.gaps,
    'other error frames': numbers.errors.length,
    'messages missing in between': numbers.holes,
    'messages twice': numbers.doubles,
    'clients without the newest message': numbers.clientsBehind,
    'acknowledged messages lost': numbers.acknowledgedAndLost,
  };
  const faults = Object.entries(mustBeZero).filter(([, value]) => value !== 0);
  return { numbers, mustBeZero, faults: faults.map(([name, value]) => `${name}: ${value}`) };
}

function print(outcome: Outcome): void {
  const { numbers, mustBeZero, faults } = judged(outcome);
  const ms = (value: number | undefined): string => `${number(value ?? Number.NaN, 0)} ms`;
  const counts = (of: Readonly<Record<string, number>>): string =>
    Object.entries(of)
      .map(([name, times]) => `${times} times ${name}`)
      .join(', ') || 'none';
  const rows: [string, string][] = [
    ['back', `${numbers.back} of ${outcome.count}`],
    ['all of them after', ms(numbers.allBackMs)],
    ['back, with everything missed', `p50 ${ms(numbers.backP50Ms)}, p99 ${ms(numbers.backP99Ms)}`],
    ['handshake', `p50 ${ms(numbers.handshakeP50Ms)}, p99 ${ms(numbers.handshakeP99Ms)}`],
    ['attempts', String(numbers.attempts)],
    ['refused', counts(numbers.refusals)],
    ['without an answer', counts(numbers.attemptsWithoutAnswer)],
    ['missed messages brought back', number(numbers.messagesBroughtBack, 0)],
    ['CPU of the clients', `${numbers.clientCpuPercent.toFixed(0)} % of a core`],
    ...Object.entries(mustBeZero).map(([name, value]): [string, string] => [name, `${value} (must be 0)`]),
  ];
  console.log(columns(rows));
  if (faults.length > 0) console.log(`\nFAILED: ${faults.join(', ')}`);
}
