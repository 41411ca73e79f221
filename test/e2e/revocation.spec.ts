import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { claimsOf } from '../support/forged-tokens.js';
import { handshake } from '../support/handshake.js';
import type { SocketClient } from '../support/socket-client.js';
import { runServer, type Person, type Tokens } from '../support/test-server.js';

const server = runServer();
afterEach(() => void jest.restoreAllMocks());

const WITHIN_MS = 1_000;

function refresh({ refreshToken }: Person) {
  const raw = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken });
  return server.rest.request<Tokens>('POST', '/api/token', { raw });
}

/** Ways in which the sessions of a phone end, some of them by its user on another device. */
const ENDINGS: [string, (phone: Person, laptop: Person) => Promise<{ status: number }>, number][] = [
  ['a log-out', (phone) => server.rest.post('/api/logout', undefined, phone), 204],
  [
    'the end of one session',
    (phone, laptop) => server.rest.delete(`/api/sessions/${String(claimsOf(phone.token).sid)}`, laptop),
    204,
  ],
  ['the end of all others', (_, laptop) => server.rest.delete('/api/sessions', laptop), 200],
  ['the end of all', (phone) => server.rest.delete('/api/sessions?keep_current=false', phone), 200],
  [
    'another password',
    (_, laptop) => {
      const body = { current_password: laptop.password, new_password: 'staple of another kind' };
      return server.rest.post('/api/users/me/password', body, laptop);
    },
    204,
  ],
  ['a refresh token that is used twice', (phone) => refresh(phone), 401],
];

describe('In a busy room', () => {
  it.each(ENDINGS)(
    '%s closes every socket within a second, and nothing is delivered after',
    async (_, end, status) => {
      const [ada, laptop] = await server.people('ada', 'bob');
      const phone: Person = { ...laptop, ...(await server.logIn(laptop)) };
      const room = await server.roomOf(ada, laptop);
      const [adas] = await server.connectTo(room, ada);
      const bound = await server.connectTo(room, phone, phone, phone);
      const free = await server.connectAndJoin(room, phone, phone);
      const sockets: SocketClient[] = [...bound, ...free];
      await refresh(phone);

      let isOver = false;
      const talking = (async () => {
        for (let count = 0; !isOver; count += 1) await adas.say(`message ${count}`);
      })();
      const begun = performance.now();
      const answer = await end(phone, laptop);
      const { seq: after } = await adas.say('behind the answer');
      const closings = await Promise.all(sockets.map((socket) => socket.closed()));
      const took = performance.now() - begun;
      isOver = true;
      await talking;

      expect(answer.status).toBe(status);
      expect(closings.map(({ code }) => code)).toEqual(sockets.map(() => 4401));
      expect(took).toBeLessThan(WITHIN_MS);
      for (const socket of sockets) {
        const late = socket.all('message').filter(({ seq }) => seq >= after);
        expect(late).toEqual([]);
      }
      expect((await server.rest.get('/api/users/me', phone)).status).toBe(401);
      expect((await refresh(phone)).status).toBe(401);
    },
  );
});

describe('Refreshes of one token at the same moment', () => {
  it('leave no live family but one, and none when it was shown twice', async () => {
    const ada = await server.person('ada');

    const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(ada)));

    const [won] = answers.filter(({ status }) => status === 200);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const winner = { token: won?.body.access_token ?? '' };
    expect((await server.rest.get('/api/users/me', winner)).status).toBe(401);
    expect((await refresh({ ...ada, refreshToken: won?.body.refresh_token ?? '' })).status).toBe(401);
  });
});

describe('A ticket', () => {
  async function ticketOf(person: Person): Promise<string> {
    const { body } = await server.rest.post<{ ticket: string }>('/api/ws-tickets', undefined, person);
    return body.ticket;
  }
  const enter = (ticket: string) => handshake(`${server.socketUrl}/ws/auth?ticket=${ticket}`);

  it.each(ENDINGS)('is refused after %s', async (_, end) => {
    const laptop = await server.person('ada');
    const phone: Person = { ...laptop, ...(await server.logIn(laptop)) };
    const ticket = await ticketOf(phone);
    await refresh(phone);

    await end(phone, laptop);

    expect((await enter(ticket)).status).toBe(401);
  });

  it('opens one socket, of two that show it at once too', async () => {
    const ticket = await ticketOf(await server.person('ada'));

    const answers = await Promise.all([enter(ticket), enter(ticket)]);

    expect(answers.map(({ status }) => status).sort()).toEqual([101, 401]);
    expect((await enter(ticket)).status).toBe(401);
  });

  it('is good for 30 seconds and no longer', async () => {
    const ada = await server.person('ada');
    const [early, late] = [await ticketOf(ada), await ticketOf(ada)];
    const bought = Date.now();

    jest.spyOn(Date, 'now').mockReturnValue(bought + 29_000);
    expect((await enter(early)).status).toBe(101);
    jest.spyOn(Date, 'now').mockReturnValue(bought + 30_001);

    expect((await enter(late)).status).toBe(401);
  });
});
