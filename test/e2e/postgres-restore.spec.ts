import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { PostgresDatabase } from '../support/postgres-database.js';
import type { SocketClient } from '../support/socket-client.js';
import { TestServer, type Person, type Room } from '../support/test-server.js';

let database: PostgresDatabase;
let restored: PostgresDatabase;
let server: TestServer;
let other: TestServer;
beforeAll(async () => {
  database = await PostgresDatabase.create();
  server = new TestServer({ DATABASE_URL: database.url });
  await server.start();
});
afterAll(async () => {
  await other.remove();
  await server.remove();
  await restored.remove();
  await database.remove();
});

/** Comes back to the room on a server, as somebody who has read up to here: what they are told of what they missed. */
async function resume(
  on: TestServer,
  room: Room,
  reader: Person,
  after: number,
  epoch: string,
): Promise<string> {
  const client = await on.socket(`/ws/room/${room.id}?after_seq=${after}&epoch=${epoch}`, reader);
  await client.next('connection_established');
  await client.settled();
  const [gap] = client.all('error');
  return (
    gap?.code ??
    client
      .all('message_history')
      .flatMap(({ messages }) => messages.map(({ content }) => content))
      .join()
  );
}

async function sayTo(client: SocketClient, ...texts: string[]): Promise<void> {
  for (const text of texts) await client.say(text);
}

it('A backup that is restored into another database tells gap to those who have seen more, and a restart tells it to nobody', async () => {
  const ada = await server.person('ada');
  const room = await server.roomOf(ada);
  const client = await server.socket(`/ws/room/${room.id}`, ada);
  const { epoch } = await client.next('connection_established');
  await sayTo(client, 'one', 'two', 'three');

  await server.stop();
  restored = await database.copy();
  await server.start();
  const again = await server.socket(`/ws/room/${room.id}`, ada);
  expect(await again.next('connection_established')).toMatchObject({ epoch });
  await sayTo(again, 'four (lost)', 'five (lost)');
  expect(await resume(server, room, ada, 3, epoch)).toBe('four (lost),five (lost)');
  expect(await resume(server, room, ada, 5, epoch)).toBe('');

  other = new TestServer({ DATABASE_URL: restored.url });
  await other.start();
  const there = await other.socket(`/ws/room/${room.id}`, ada);
  expect((await there.next('connection_established')).epoch).not.toBe(epoch);
  await sayTo(there, 'four');

  // Up to the third message both logs are the same; the fourth is another one, and there is no fifth.
  expect(await resume(other, room, ada, 3, epoch)).toBe('four');
  expect(await resume(other, room, ada, 4, epoch)).toBe('gap');
  expect(await resume(other, room, ada, 5, epoch)).toBe('gap');
});
