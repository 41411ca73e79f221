import { describe, expect, it } from '@jest/globals';
import { handshake } from '../support/handshake.js';
import { runServer, type Person } from '../support/test-server.js';

const server = runServer();

async function ticketOf(person: Person): Promise<string> {
  const { body } = await server.rest.post<{ ticket: string }>('/api/ws-tickets', undefined, person);
  return body.ticket;
}

/** Who the server says one is. */
async function whoIs(query: string, as?: Person): Promise<number> {
  const client = await server.socket(`/ws/auth?${query}`, as);
  return (await client.next('connection_established')).user_id;
}

async function statusOf(query: string, as?: Person): Promise<number> {
  const headers = as === undefined ? {} : { authorization: `Bearer ${as.token}` };
  return (await handshake(`${server.socketUrl}/ws/auth?${query}`, { headers })).status;
}

describe('A handshake with more than one proof', () => {
  it('is of whom its header names, then of its token, then of its ticket', async () => {
    const [ada, bob, cleo] = await server.people('ada', 'bob', 'cleo');

    expect(await whoIs(`token=${bob.token}&ticket=${await ticketOf(cleo)}`, ada)).toBe(ada.id);
    expect(await whoIs(`token=${bob.token}&ticket=${await ticketOf(cleo)}`)).toBe(bob.id);
    expect(await whoIs(`ticket=${await ticketOf(cleo)}&token=${bob.token}`)).toBe(bob.id);
  });

  it('is of whom the first of several tokens or tickets names', async () => {
    const [ada, bob] = await server.people('ada', 'bob');

    expect(await whoIs(`token=${ada.token}&token=${bob.token}`)).toBe(ada.id);
    expect(await whoIs(`ticket=${await ticketOf(bob)}&ticket=${await ticketOf(ada)}`)).toBe(bob.id);
  });

  it('is refused when the one that counts is bad, however good the others are', async () => {
    const ada = await server.person('ada');
    const nobody = { ...ada, token: 'nonsense' };

    expect(await statusOf(`token=${ada.token}`, nobody)).toBe(401);
    expect(await statusOf(`token=nonsense&token=${ada.token}`)).toBe(401);
    expect(await statusOf(`token=&token=${ada.token}`)).toBe(401);
    expect(await statusOf(`token=nonsense&ticket=${await ticketOf(ada)}`)).toBe(401);
    expect(await statusOf(`ticket=nonsense&ticket=${await ticketOf(ada)}`)).toBe(401);
  });

  it('uses up no ticket that does not count', async () => {
    const ada = await server.person('ada');
    const ticket = await ticketOf(ada);

    expect(await statusOf(`token=${ada.token}&ticket=${ticket}`)).toBe(101);
    expect(await statusOf(`token=nonsense&ticket=${ticket}`)).toBe(401);

    expect(await statusOf(`ticket=${ticket}`)).toBe(101);
    expect(await statusOf(`ticket=${ticket}`)).toBe(401);
  });
});

describe('A request over REST', () => {
  it('is proved by its header only: nothing in a URL is looked at', async () => {
    const [ada, bob] = await server.people('ada', 'bob');

    expect((await server.rest.get(`/api/users/me?token=${ada.token}`)).status).toBe(401);
    expect((await server.rest.get(`/api/users/me?access_token=${ada.token}`)).status).toBe(401);
    expect((await server.rest.get(`/api/users/me?token=${bob.token}`, ada)).body).toMatchObject({
      id: ada.id,
    });
  });
});
