import { describe, expect, it } from '@jest/globals';
import { ConnectionRegistry } from '../../src/connections/connection-registry.js';
import { runServer, type Person, type Room } from '../support/test-server.js';
import { until } from '../support/until.js';

const server = runServer({ DURABILITY: 'normal' });
const ROUNDS = 20;
const SOCKETS = 30;

/** Sockets that come, join, talk and go, each in another way. */
async function comeAndGo(room: Room, people: Person[]): Promise<void> {
  const clients = await server.connectAndJoin(room, ...people);
  await Promise.all(
    clients.map(async (client, index) => {
      client.send({ type: 'typing', room_id: room.id });
      if (index % 3 === 0) client.terminate();
      else if (index % 3 === 1) await client.close();
      else {
        await client.ask({ type: 'leave_room', room_id: room.id });
        client.terminate();
      }
    }),
  );
  await until(
    () => Promise.resolve(setImmediateTurn()),
    () => server.inside(ConnectionRegistry).size === 0,
  );
}

function setImmediateTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What keeps the process busy, by kind: sockets and timers among them. */
function resources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

describe('Coming and going without a pause', () => {
  it('leaves no socket, timer or listener behind', async () => {
    const people = await server.people(...Array.from({ length: SOCKETS }, (_, index) => `p${index}`));
    const [owner] = people;
    if (!owner) throw new Error('There is nobody.');
    const room = await server.room(owner);
    const registry = server.inside(ConnectionRegistry);
    const listeners = () => process.eventNames().map((name) => [name, process.listenerCount(name)]);
    await comeAndGo(room, people);
    const before = { resources: resources(), listeners: listeners() };

    for (let round = 0; round < ROUNDS; round += 1) await comeAndGo(room, people);

    expect(registry.size).toBe(0);
    expect(registry.countByTopic().size).toBe(0);
    for (const { id } of people) expect(registry.connectionsOf(id).size).toBe(0);
    expect(listeners()).toEqual(before.listeners);
    const left = await until(
      async () => (await setImmediateTurn(), resources()),
      ({ TCPSocketWrap = 0 }) => TCPSocketWrap <= (before.resources.TCPSocketWrap ?? 0),
    );
    expect(left.Timeout ?? 0).toBeLessThanOrEqual((before.resources.Timeout ?? 0) + 5);
  });
});
