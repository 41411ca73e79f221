import { describe, expect, it } from '@jest/globals';
import { handshake } from '../support/handshake.js';
import { bodyOf } from '../support/rest-client.js';
import { ON_POSTGRES, runServer, type Person } from '../support/test-server.js';

/** Each request and each handshake goes to the other node than the one before. */
const server = runServer({}, { ...ON_POSTGRES, nodes: 2 });

async function ticketOf(who: Person): Promise<string> {
  const answer = await server.rest.post<{ ticket: string }>('/api/ws-tickets', undefined, who);
  return bodyOf(answer, 201).ticket;
}

/** At the next node. */
const enter = (ticket: string) => handshake(`${server.socketUrl}/ws/auth?ticket=${ticket}`);

describe('A ticket of one node', () => {
  it('opens one socket on another', async () => {
    const ada = await server.person('ada');
    const ticket = await ticketOf(ada);

    expect((await enter(ticket)).status).toBe(101);
    expect((await enter(ticket)).status).toBe(401);
    expect((await enter(ticket)).status).toBe(401);
  });

  it('lets one in of those who show it on both at the same moment', async () => {
    const ada = await server.person('ada');
    for (let round = 0; round < 10; round += 1) {
      const ticket = await ticketOf(ada);

      const answers = await Promise.all(Array.from({ length: 4 }, () => enter(ticket)));

      expect(answers.map(({ status }) => status).sort()).toEqual([101, 401, 401, 401]);
    }
  });

  it('ends with its session, whichever node ends that', async () => {
    const ada = await server.person('ada');
    const tickets = [await ticketOf(ada), await ticketOf(ada)];
    await server.rest.post('/api/logout', undefined, ada);

    for (const ticket of tickets) expect((await enter(ticket)).status).toBe(401);
  });
});
