import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { LostEnvelopes } from '../../src/connections/lost-envelopes.js';
import { bodyOf, RestClient } from '../support/rest-client.js';
import { TEST_REDIS } from '../support/services.js';
import type { SocketClient } from '../support/socket-client.js';
import { TestNode } from '../support/test-node.js';
import { GENEROUS } from '../support/test-settings.js';
import { ON_POSTGRES, TestServer, type Person, type Room } from '../support/test-server.js';
import { until } from '../support/until.js';
import { Way } from '../support/way.js';

const LEASE = { NODE_LEASE_MS: '900' };

/** Two nodes, of which one has lost its way to Redis: the other hears Redis, and nothing of that node. */
let way: Way;
let server: TestServer;
let cutOff: TestNode;
beforeAll(async () => {
  way = await Way.to(TEST_REDIS);
  server = new TestServer(LEASE, ON_POSTGRES);
  await server.start();
  const settings = { ...GENEROUS, ...server.shared, ...LEASE, REDIS_URL: way.url, NODE_NAME: 'cut off' };
  cutOff = await TestNode.start(settings);
});
afterAll(async () => {
  await cutOff.stop();
  await server.remove();
  way.close();
});

describe('A node that alone has lost Redis', () => {
  let ada: Person;
  let bob: Person;
  let room: Room;
  let bobs: SocketClient;
  const rest = new RestClient(() => cutOff.url);
  beforeEach(async () => {
    way.mend();
    await until(
      () => rest.get<{ broker: string }>('/health/ready'),
      ({ body }) => body.broker === 'whole',
    );
    [ada, bob] = await server.people('ada', 'bob');
    room = await server.roomOf(ada, bob);
    [bobs] = await server.connectTo(room, bob);
    way.cut();
    await until(
      () => rest.get<{ broker: string }>('/health/ready'),
      ({ body }) => body.broker === 'away',
    );
  });

  it('is heard by the others all the same, although nobody there writes', async () => {
    bodyOf(await rest.post(`/api/rooms/${room.id}/messages`, { content: 'from afar' }, ada), 201);

    expect(await bobs.next('message')).toMatchObject({ content: 'from afar', seq: 1 });
  });

  it('kicks somebody who listens on another one', async () => {
    bodyOf(await rest.delete(`/api/rooms/${room.id}/members/${bob.id}`, ada), 204);

    expect(await bobs.closed()).toMatchObject({ code: 4403 });
  });

  it('tells nobody what was said after they were kicked, though both happen while the other one looks', async () => {
    const [adas] = await server.connectTo(room, ada);
    let meanwhile: (() => Promise<void>) | undefined = async () => {
      bodyOf(await rest.delete(`/api/rooms/${room.id}/members/${bob.id}`, ada), 204);
      bodyOf(await rest.post(`/api/rooms/${room.id}/messages`, { content: 'not for bob' }, ada), 201);
    };
    // Rights are looked at one after the other: this is after those of Bob.
    server.inside(LostEnvelopes).alsoCheck(
      () => (meanwhile ? [meanwhile] : []),
      (act) => {
        meanwhile = undefined;
        return act();
      },
    );

    expect(await adas.next('message')).toMatchObject({ content: 'not for bob' });
    expect(await bobs.closed()).toMatchObject({ code: 4403 });
    expect(bobs.inbox.map((frame) => ('content' in frame ? frame.content : ''))).not.toContain('not for bob');
  });

  it('ends a session that is used on another one', async () => {
    bodyOf(await rest.post('/api/logout', undefined, bob), 204);

    expect(await bobs.closed()).toMatchObject({ code: 4401 });
  });
});
