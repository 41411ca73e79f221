import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { integerIn, type Fields } from './fields.js';
import type { Person } from './person.js';
import type { RestClient } from './rest.js';
import type { World } from './world.js';

const WITHIN_MS = 60_000;
/** The heartbeat of the server finds everybody who has gone, within 5 s. */
const PRESENCE_WITHIN_MS = 10_000;
const LOOK_MS = 50;

/**
 * The quiet at the end: everything that was written is acknowledged, then everybody reconnects, resumes and
 * has all of it. Whatever does not happen in time is a violation.
 */
export async function settle(
  world: World,
  people: readonly Person[],
  heads: () => Promise<ReadonlyMap<number, number>>,
): Promise<void> {
  const devices = people.flatMap((person) => person.devices);
  const drained = await within(() => devices.every(({ outbox }) => outbox.pending === 0));
  if (!drained) report('messages were not acknowledged');
  for (const device of devices) device.reconnect();
  const goal = await heads();
  const upToDate = await within(() => devices.every((device) => device.isUpTo(goal)));
  if (!upToDate) report(`not everybody got everything (${JSON.stringify([...goal])})`);
  const answers = await Promise.all(devices.map((device) => device.answers()));
  if (answers.includes(false)) report('not every open socket answers');
  world.history.settledAt = world.history.now();

  function report(what: string): void {
    const states = devices.filter((device) => device.outbox.pending > 0 || !device.isUpTo(goalOf()));
    const lines = states.map((device) => `    ${device.describe()}`);
    world.history.fault('unsettled', `${what} within ${WITHIN_MS} ms:\n${lines.join('\n')}`);
  }
  function goalOf(): ReadonlyMap<number, number> {
    return goal ?? new Map();
  }
}

/** What each server says of all connections: all devices, each in its rooms, and nobody who has gone. */
export async function checkPresence(
  world: World,
  people: readonly Person[],
  asks: readonly (() => Promise<Fields>)[],
): Promise<void> {
  const devices = people.flatMap((person) => person.devices);
  const expected: Record<string, number> = {};
  for (const room of devices.flatMap(({ rooms }) => rooms)) expected[room] = (expected[room] ?? 0) + 1;
  const latest = performance.now() + PRESENCE_WITHIN_MS;
  for (;;) {
    const counts = await Promise.all(asks.map((ask) => ask()));
    const wrong = counts.find(({ total_connections: total, connections_by_room: byRoom }) => {
      return total !== devices.length || !isDeepStrictEqual(byRoom, expected);
    });
    if (!wrong) return;
    if (performance.now() > latest) {
      const told = `${JSON.stringify(wrong.total_connections)} connections, by room ${JSON.stringify(wrong.connections_by_room)}`;
      const truth = `${devices.length}, ${JSON.stringify(expected)}`;
      return world.history.fault('unsettled', `a server counts ${told}; there are ${truth}`);
    }
    await pause(LOOK_MS);
  }
}

export async function headsOf(
  rest: RestClient,
  rooms: readonly number[],
  token: string,
): Promise<Map<number, number>> {
  const heads = new Map<number, number>();
  for (const room of rooms) {
    heads.set(room, integerIn(await rest.must('GET', `/api/rooms/${room}`, token), 'head_seq'));
  }
  return heads;
}

async function within(isDone: () => boolean): Promise<boolean> {
  const latest = performance.now() + WITHIN_MS;
  while (!isDone()) {
    if (performance.now() > latest) return false;
    await pause(LOOK_MS);
  }
  return true;
}
