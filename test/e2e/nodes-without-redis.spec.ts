import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { LiveNodes } from '../../src/connections/nodes/live-nodes.js';
import { Presence } from '../../src/connections/presence/presence.js';
import { roomTopic } from '../../src/connections/topics.js';
import { bodyOf } from '../support/rest-client.js';
import { TEST_REDIS } from '../support/services.js';
import type { SocketClient } from '../support/socket-client.js';
import { TestServer, TWO_NODES, type Person, type Room } from '../support/test-server.js';
import { until } from '../support/until.js';
import { Way } from '../support/way.js';

/** Two nodes, each with half of the sockets, whose way to Redis is cut and mended. */
let way: Way;
let server: TestServer;
beforeAll(async () => {
  way = await Way.to(TEST_REDIS);
  server = new TestServer(
    { REDIS_URL: way.url, REDIS_PREFIX: `${randomUUID()}:`, NODE_LEASE_MS: '6000' },
    TWO_NODES,
  );
  await server.start();
});
afterAll(async () => {
  await server.remove();
  way.close();
});

interface Readiness {
  status: string;
  broker: 'whole' | 'away';
}

/** Both nodes, because each request goes to the next one. */
async function bothAre(broker: Readiness['broker']): Promise<void> {
  await until(
    async () => [
      bodyOf(await server.rest.get<Readiness>('/health/ready'), 200).broker,
      bodyOf(await server.rest.get<Readiness>('/health/ready'), 200).broker,
    ],
    (answers) => answers.every((answer) => answer === broker),
  );
}

describe('While Redis is away', () => {
  let ada: Person;
  let bob: Person;
  let room: Room;
  let adas: SocketClient;
  let bobs: SocketClient;
  beforeEach(async () => {
    way.mend();
    await bothAre('whole');
    [ada, bob] = await server.people('ada', 'bob');
    room = await server.roomOf(ada, bob);
    // One after the other: on another node each.
    [adas] = await server.connectTo(room, ada);
    [bobs] = await server.connectTo(room, bob);
    await adas.say('before');
    expect(await bobs.next('message')).toMatchObject({ content: 'before' });
    await bobs.say('also before');
    for (const content of ['before', 'also before']) {
      expect(await adas.next('message')).toMatchObject({ content });
    }
    expect(await bobs.next('message')).toMatchObject({ content: 'also before' });
    way.cut();
    await bothAre('away');
  });

  /** What the socket is shown up to the message with this content. */
  async function messagesUpTo(socket: SocketClient, last: string): Promise<string[]> {
    const seen: { seq: number; content: string }[] = [];
    while (seen.at(-1)?.content !== last) seen.push(await socket.next('message'));
    expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, index) => index + 3));
    return seen.map(({ content }) => content);
  }

  it('messages of both nodes reach everybody, once and in order, and go on when it is back', async () => {
    const contents: string[] = [];
    for (let count = 0; count < 20; count += 1) {
      contents.push(`${count}`);
      await (count % 3 === 0 ? bobs : adas).say(`${count}`);
    }
    await adas.say('the last without');
    contents.push('the last without');
    const [ofBob, ofAda] = await Promise.all([
      messagesUpTo(bobs, 'the last without'),
      messagesUpTo(adas, 'the last without'),
    ]);
    expect(ofBob).toEqual(contents);
    expect(ofAda).toEqual(contents);

    way.mend();
    await bothAre('whole');
    await adas.say('back');
    expect(await bobs.next('message')).toMatchObject({ content: 'back', seq: contents.length + 3 });
  });

  it('a kick on one node ends the subscription on the other before anything follows', async () => {
    bodyOf(await server.rest.delete(`/api/rooms/${room.id}/members/${bob.id}`, ada), 204);
    await bobs.closed();
    await adas.say('not for bob');

    expect(bobs.inbox.map((frame) => ('content' in frame ? frame.content : ''))).not.toContain('not for bob');
  });

  it.each([1, 2])('a log-out closes the sockets of the session on whichever node, %d', async () => {
    bodyOf(await server.rest.post('/api/logout', undefined, bob), 204);

    expect(await bobs.closed()).toMatchObject({ code: 4401 });
  });

  it('nodes live on when it goes in the moment in which somebody does', async () => {
    way.mend();
    await bothAre('whole');
    await until(
      async () => [server.inside(LiveNodes).others, await server.rest.get('/health/ready')],
      ([others]) => Array.isArray(others) && others.length === 1,
    );

    const went = server.inside(Presence).went({ id: ada.id, username: ada.username }, roomTopic(room.id));
    way.cut();

    expect(await went).toBe(true);
    await bothAre('away');
  });

  it('somebody who comes meanwhile is brought up to date, and stays so', async () => {
    const eve = await server.person('eve');
    bodyOf(await server.rest.post(`/api/rooms/${room.id}/join`, undefined, eve), 200);
    const eves = await server.connectTo(room, eve, eve);
    await adas.say('for eve, wherever she is');

    for (const socket of eves) {
      expect(await socket.next('message')).toMatchObject({ content: 'for eve, wherever she is' });
    }
  });
});
