import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { SessionEndings } from '../../src/auth/session-endings.js';
import { SessionsService } from '../../src/auth/sessions.service.js';
import { ConnectionRegistry } from '../../src/connections/connection-registry.js';
import { authenticated } from '../support/authenticated.js';
import { claimsOf, forge } from '../support/forged-tokens.js';
import { runServer, type Person } from '../support/test-server.js';
import { SECRET_KEY } from '../support/test-settings.js';

const now = () => Math.floor(Date.now() / 1000);

describe('A new token for an open socket', () => {
  const server = runServer();
  afterEach(() => void jest.restoreAllMocks());

  async function elsewhere(person: Person): Promise<Person> {
    return { ...person, ...(await server.logIn(person)) };
  }

  const logOut = (person: Person) => server.rest.post('/api/logout', undefined, person);
  const endOf = (person: Person) => new Date(Number(claimsOf(person.token).exp) * 1000).toISOString();

  it('moves it to the session of that token: the end of the old one is no end any more', async () => {
    const ada = await server.person('ada');
    const next = await elsewhere(ada);
    const room = await server.roomOf(ada);
    const [many] = await server.connect(ada);
    const [one] = await server.connectTo(room, ada);

    for (const socket of [many, one]) {
      const answer = await socket.ask({ type: 'authenticate', token: next.token });
      expect(answer).toEqual({ type: 'ack', ref: answer.ref, token_expires_at: endOf(next) });
    }

    await logOut(ada);
    for (const socket of [many, one]) await socket.settled();
    await logOut(next);
    for (const socket of [many, one]) expect(await socket.closed()).toMatchObject({ code: 4401 });
  });

  it('keeps what the socket listens to', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas, bobs] = await server.connectAndJoin(room, ada, bob);

    await bobs.ask({ type: 'authenticate', token: (await elsewhere(bob)).token });
    await adas.say('still there?', { room_id: room.id });

    expect(await bobs.next('message')).toMatchObject({ content: 'still there?', seq: 1 });
  });

  it('is taken in its turn: what was sent before it is answered before it', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const [socket] = await server.connectTo(room, ada);

    socket.send({ content: 'before', ref: 'before' });
    socket.send({ type: 'authenticate', token: (await elsewhere(ada)).token, ref: 'token' });
    socket.send({ content: 'after', ref: 'after' });
    await socket.answerTo('after');

    expect(socket.all('ack').map(({ ref }) => ref)).toEqual(['before', 'token', 'after']);
  });

  it('brings the role that its user has by now', async () => {
    const ada = await server.person('ada');
    const [socket] = await server.connect(ada);
    await server.database.execute(`UPDATE users SET role = 'ops' WHERE id = ${ada.id}`);

    await socket.ask({ type: 'authenticate', token: ada.token });

    const [connection] = server.inside(ConnectionRegistry).connectionsOf(ada.id);
    expect(connection?.user).toMatchObject({ id: ada.id, role: 'ops' });
  });

  it('of somebody else is refused: the socket stays whose it was, in every respect', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada);
    const [socket] = await server.connectTo(room, ada);

    expect(await socket.ask({ type: 'authenticate', token: bob.token })).toMatchObject({
      type: 'error',
      code: 'other_user',
      retryable: false,
    });

    await socket.say('who am I?');
    expect(await socket.next('message')).toMatchObject({ user_id: ada.id, username: ada.username });
    await logOut(bob);
    await socket.settled();
    await logOut(ada);
    expect(await socket.closed()).toMatchObject({ code: 4401 });
  });

  it.each<[string, (person: Person) => Promise<string> | string, string]>([
    ['nonsense', () => 'nonsense', 'not_authenticated'],
    [
      'forged',
      ({ token }) => forge(claimsOf(token), 'a key that was guessed, and is long'),
      'not_authenticated',
    ],
    [
      'without an algorithm',
      ({ token }) => forge(claimsOf(token), SECRET_KEY, { alg: 'none' }),
      'not_authenticated',
    ],
    ['expired', ({ token }) => forge({ ...claimsOf(token), exp: now() - 1 }, SECRET_KEY), 'token_expired'],
    ['a refresh token', ({ refreshToken }) => refreshToken, 'not_authenticated'],
    [
      'of a session that has ended',
      async (person) => {
        const ended = await elsewhere(person);
        await logOut(ended);
        return ended.token;
      },
      'not_authenticated',
    ],
  ])('that is bad (%s) changes nothing, and is not repeated in the answer', async (_, spoil, code) => {
    const ada = await server.person('ada');
    const [socket] = await server.connect(ada);
    const token = await spoil(ada);

    const answer = await socket.ask({ type: 'authenticate', token });

    expect(answer).toMatchObject({ type: 'error', code });
    expect(JSON.stringify(answer)).not.toContain(token);
    await socket.settled();
    await logOut(ada);
    expect(await socket.closed()).toMatchObject({ code: 4401 });
  });

  it.each([[undefined], [''], [7], ['x'.repeat(4097)], ['a\0b']])(
    'has to be text of a sensible length (%#)',
    async (token) => {
      const ada = await server.person('ada');
      const [socket] = await server.connect(ada);

      expect(await socket.ask({ type: 'authenticate', token })).toMatchObject({ code: 'invalid_frame' });

      await socket.settled();
    },
  );

  it('is refused when its session ends while it is looked up', async () => {
    const ada = await server.person('ada');
    const next = await elsewhere(ada);
    const [socket] = await server.connect(ada);
    const sessions = server.inside(SessionsService);
    const userOf = sessions.userOf.bind(sessions);
    jest.spyOn(sessions, 'userOf').mockImplementationOnce(async (...asked) => {
      const found = await userOf(...asked);
      await server.inside(SessionEndings).logOut(authenticated(next));
      return found;
    });

    expect(await socket.ask({ type: 'authenticate', token: next.token })).toMatchObject({
      code: 'not_authenticated',
    });

    await socket.settled();
    expect([...server.inside(ConnectionRegistry).connectionsOf(ada.id)]).toMatchObject([
      { user: { sessionId: claimsOf(ada.token).sid } },
    ]);
  });
});

describe('The end of a token', () => {
  /** Five seconds, of which the last is near the end. */
  const server = runServer({ ACCESS_TOKEN_EXPIRE_MINUTES: '0.0834' });

  it('is announced; a socket with a newer token outlives it, one without does not', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const short = { ...ada, ...(await server.logIn(ada)) };
    const [idle] = await server.connect(short);
    const [renewed] = await server.connectTo(room, short);
    const long = forge({ ...claimsOf(short.token), exp: now() + 600 }, SECRET_KEY);

    const warnings = await Promise.all([idle.next('token_expiring'), renewed.next('token_expiring')]);
    await renewed.ask({ type: 'authenticate', token: long });

    for (const warning of warnings) {
      expect(Date.parse(warning.expires_at)).toBe(Number(claimsOf(short.token).exp) * 1000);
      expect(warning.seconds_left).toBe(1);
    }
    expect(await idle.closed()).toMatchObject({ code: 4401, reason: expect.stringMatching(/expired/) });
    await renewed.settled();
    expect(renewed.all('token_expiring')).toHaveLength(1);
  });

  it('moves nearer with a token that ends earlier', async () => {
    const ada = await server.person('ada');
    const long = forge({ ...claimsOf(ada.token), exp: now() + 600 }, SECRET_KEY);
    const [socket] = await server.connect({ ...ada, token: long });

    const soon = now() + 2;
    await socket.ask({
      type: 'authenticate',
      token: forge({ ...claimsOf(ada.token), exp: soon }, SECRET_KEY),
    });

    expect(Date.parse((await socket.next('token_expiring')).expires_at)).toBe(soon * 1000);
    expect(await socket.closed()).toMatchObject({ code: 4401 });
    expect(Date.now()).toBeGreaterThanOrEqual(soon * 1000);
  });
});

describe('TOKEN_WARNING_SECONDS', () => {
  const server = runServer({ TOKEN_WARNING_SECONDS: '86400' });

  it('warns no earlier than in the last fifth of a token, and at once who comes later', async () => {
    const ada = await server.person('ada');
    const token = forge({ ...claimsOf(ada.token), exp: now() + 300 }, SECRET_KEY);
    const [early, late] = await server.connect(ada, { ...ada, token });

    const { seconds_left } = await late.next('token_expiring');

    expect(seconds_left).toBeGreaterThan(280);
    expect(seconds_left).toBeLessThanOrEqual(300);
    await early.settled();
    expect(early.all('token_expiring')).toEqual([]);
  });
});
