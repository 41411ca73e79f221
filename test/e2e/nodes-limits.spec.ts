import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ServerProcess } from '../support/server-process.js';
import { ON_POSTGRES, TestServer, type Person, type Room } from '../support/test-server.js';
import { until } from '../support/until.js';

/** A token in ten seconds: none that matters within a test. */
const SLOW = '0.1';
const LIMITS = {
  REQUESTS_PER_SECOND: SLOW,
  REQUESTS_BURST: '1000',
  MESSAGES_PER_SECOND: SLOW,
  MESSAGES_BURST: '20',
};

describe('What a user may spend', () => {
  let server: TestServer;
  let other: ServerProcess;
  let near: string;
  let far: string;
  beforeAll(async () => {
    server = new TestServer(LIMITS, ON_POSTGRES);
    await server.start();
    near = server.url;
    other = await ServerProcess.inFolder();
    far = await other.start({ ...server.shared, ...LIMITS, LOG_LEVEL: 'silent' });
  });
  afterAll(async () => {
    await other.remove();
    await server.remove();
  });

  /** How many requests are left to the user, as the node says that is asked. Being asked takes one. */
  async function left({ token }: Person, url: string): Promise<number> {
    const response = await fetch(`${url}/api/users/me`, { headers: { authorization: `Bearer ${token}` } });
    return Number(/"user";r=(\d+)/.exec(response.headers.get('ratelimit') ?? '')?.[1]);
  }

  /** The status of a message that is sent to the node. */
  async function send({ token }: Person, room: Room, url: string): Promise<number> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ content: 'x' });
    return (await fetch(`${url}/api/rooms/${room.id}/messages`, { method: 'POST', headers, body })).status;
  }

  it('is one budget over all nodes: what was asked of one is missing on the other', async () => {
    const ada = await server.person('ada');
    // The first request with a token counts for its address: nobody has proved it yet.
    await left(ada, far);
    for (let count = 0; count < 100; count += 1) await left(ada, near);

    let asked = 0;
    const seen = await until(
      () => left(ada, far).finally(() => (asked += 1)),
      (answer) => answer < 1_000 - 100 - asked + 10,
    );
    expect(seen).toBeLessThan(1_000 - 90);
  });

  it('is waited for when it was spent on another node: messages too', async () => {
    const ada = await server.person('ada');
    const room = await server.room(ada);
    for (let count = 0; count < 20; count += 1) expect(await send(ada, room, near)).toBe(201);
    expect(await send(ada, room, near)).toBe(429);
    await left(ada, far);

    // Twenty requests came with the messages, and are told together with them.
    await until(
      () => left(ada, far),
      (answer) => answer < 1_000,
    );
    const known = await left(ada, far);
    for (let count = 0; count < 50; count += 1) await left(ada, near);
    let asked = 0;
    await until(
      () => left(ada, far).finally(() => (asked += 1)),
      (answer) => answer < known - 50 - asked + 10,
    );

    expect(await send(ada, room, far)).toBe(429);
    expect(await send(ada, room, near)).toBe(429);
  });
});
