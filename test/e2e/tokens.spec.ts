import { describe, expect, it, jest } from '@jest/globals';
import { HashThreads } from '../../src/users/hash-threads.js';
import type { StoredMessage } from '../support/frames.js';
import { expectProblem, expectWrongFields } from '../support/problems.js';
import { runServer, type Person, type Tokens } from '../support/test-server.js';

const server = runServer();

function form(fields: Record<string, string>, headers: Record<string, string> = {}) {
  return server.rest.request<Tokens>('POST', '/api/token', { raw: new URLSearchParams(fields), headers });
}

function refresh(refreshToken: string) {
  return form({ grant_type: 'refresh_token', refresh_token: refreshToken });
}

describe('Logging in', () => {
  it.each(['/api/token', '/api/token/'])('with a form at %s gives a bearer token', async (path) => {
    const ada = await server.person('ada');

    const answer = await server.rest.request('POST', path, {
      raw: new URLSearchParams({ username: ada.username, password: ada.password }),
    });

    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      access_token: expect.any(String),
      token_type: 'bearer',
      expires_in: 30 * 60,
      refresh_token: expect.any(String),
    });
    expect(answer.headers.get('cache-control')).toContain('no-store');
  });

  it('takes JSON as well', async () => {
    const ada = await server.person('ada');

    const answer = await server.rest.post<Tokens>('/api/token', {
      username: ada.username,
      password: ada.password,
    });

    expect(answer.status).toBe(200);
    const me = await server.rest.get('/api/users/me/', { token: answer.body.access_token });
    expect(me.body).toMatchObject({ id: ada.id });
  });

  it('takes what the Authorize button of Swagger UI sends', async () => {
    const ada = await server.person('ada');
    const fields = { grant_type: 'password', username: ada.username, password: ada.password, scope: '' };

    const answer = await form(fields, { authorization: 'Basic Og==' });

    expect(answer.status).toBe(200);
    expect((await server.rest.get('/api/users/me/', { token: answer.body.access_token })).status).toBe(200);
  });

  it('answers the same for a wrong password and for somebody unknown: 401 and how to authenticate', async () => {
    const ada = await server.person('ada');

    const wrong = await form({ username: ada.username, password: 'not her password' });
    const unknown = await form({ username: 'nobody_at_all', password: 'not her password' });

    for (const answer of [wrong, unknown]) {
      expectProblem(answer, 401, 'wrong_credentials');
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
    expect(unknown.body).toEqual(wrong.body);
  });

  it.each([72, 100, 10_000])(
    'refuses a password with %d more characters behind the right one',
    async (more) => {
      const ada = await server.person('ada');

      const answer = await form({ username: ada.username, password: ada.password + 'x'.repeat(more) });

      expect([401, 422]).toContain(answer.status);
    },
  );

  it.each([100_000, 10_000_000])(
    'refuses a password of %d bytes without hashing anything',
    async (length) => {
      const ada = await server.person('ada');
      const password = 'x'.repeat(length);
      const threads = server.inside(HashThreads);
      const spies = [jest.spyOn(threads, 'hash'), jest.spyOn(threads, 'compare')];
      const { username } = ada;

      const logIn = await server.rest.post('/api/token', { username, password });
      const signUp = await server.rest.post('/api/users/', {
        username: 'x',
        email: 'x@example.org',
        password,
      });
      const change = { current_password: password, new_password: password };
      const changed = await server.rest.post('/api/users/me/password', change, ada);

      for (const answer of [logIn, signUp, changed]) expectProblem(answer, 413, 'body_too_large');
      for (const spy of spies) expect(spy).not.toHaveBeenCalled();
      await server.logIn(ada);
      expect(spies[1]).toHaveBeenCalledTimes(1);
      spies.forEach((spy) => spy.mockRestore());
    },
  );

  it('compares every byte of a password, also those behind the 72nd', async () => {
    const username = server.uniqueName('long');
    const account = { username, email: `${username}@example.org`, password: 'x'.repeat(72) };
    expect((await server.rest.post('/api/users/', account)).status).toBe(201);

    expect((await form({ username, password: `${account.password}y` })).status).toBe(401);
    expect((await form({ username, password: account.password })).status).toBe(200);
  });

  it('names missing fields', async () => {
    expectWrongFields(await form({}), 'password', 'username');
    expectWrongFields(await server.rest.post('/api/token', { username: 'ada' }), 'password');
    expectWrongFields(await form({ grant_type: 'refresh_token' }), 'refresh_token');
  });

  it('refuses lists and objects where text belongs', async () => {
    const ada = await server.person('ada');
    const twice = new URLSearchParams([
      ['username', ada.username],
      ['username', ada.username],
      ['password', ada.password],
    ]);

    expectWrongFields(await server.rest.request('POST', '/api/token', { raw: twice }), 'username');
    const operator = { username: ada.username, password: { $ne: '' } };
    expectWrongFields(await server.rest.post('/api/token', operator), 'password');
  });

  it('refuses a grant that it does not offer', async () => {
    expectWrongFields(await form({ grant_type: 'client_credentials' }), 'grant_type');
  });
});

describe('A refresh token', () => {
  it('gives a new pair for the same user', async () => {
    const ada = await server.person('ada');

    const answer = await refresh(ada.refreshToken);

    expect(answer).toMatchObject({ status: 200, body: { token_type: 'bearer', expires_in: 30 * 60 } });
    expect(answer.body.refresh_token).not.toBe(ada.refreshToken);
    const me = await server.rest.get('/api/users/me/', { token: answer.body.access_token });
    expect(me.body).toMatchObject({ id: ada.id });
  });

  it('works once: a second use ends the session, with every token and socket of it', async () => {
    const ada = await server.person('ada');
    const elsewhere = { ...ada, ...(await server.logIn(ada)) };
    const fresh = (await refresh(ada.refreshToken)).body;
    const [socket] = await server.connect({ ...ada, token: fresh.access_token });
    const [untouched] = await server.connect(elsewhere);

    const replay = await refresh(ada.refreshToken);

    expectProblem(replay, 401, 'not_authenticated');
    expect(await socket.closed()).toMatchObject({ code: 4401 });
    expectProblem(await refresh(fresh.refresh_token), 401, 'not_authenticated');
    expectProblem(await me(fresh.access_token), 401, 'not_authenticated');
    expectProblem(await me(ada.token), 401, 'not_authenticated');
    await untouched.settled();
    expect((await me(elsewhere.token)).status).toBe(200);
  });

  it('ends the session also when it is older than the one before', async () => {
    const ada = await server.person('ada');
    const second = (await refresh(ada.refreshToken)).body;
    const third = (await refresh(second.refresh_token)).body;

    expectProblem(await refresh(ada.refreshToken), 401, 'not_authenticated');

    expectProblem(await refresh(third.refresh_token), 401, 'not_authenticated');
    expectProblem(await me(third.access_token), 401, 'not_authenticated');
  });

  it('never gives two live sessions to two who use it at the same moment', async () => {
    const ada = await server.person('ada');

    const answers = await Promise.all([refresh(ada.refreshToken), refresh(ada.refreshToken)]);

    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 401]);
  });

  it('is no access token, and an access token refreshes nothing', async () => {
    const ada = await server.person('ada');

    expectProblem(await me(ada.refreshToken), 401, 'not_authenticated');
    expect([401, 422]).toContain((await refresh(ada.token)).status);
    expectProblem(await refresh('nonsense'), 401, 'not_authenticated');
    expect((await me(ada.token)).status).toBe(200);
  });
});

describe('Logging out', () => {
  it.each(['/api/logout', '/api/logout/'])(
    'at %s ends this session, its tokens and its sockets',
    async (path) => {
      const ada = await server.person('ada');
      const elsewhere: Person = { ...ada, ...(await server.logIn(ada)) };
      const room = await server.roomOf(ada);
      const [many] = await server.connect(ada);
      const [one] = await server.connectTo(room, ada);
      const [untouched] = await server.connectTo(room, elsewhere);

      const answer = await server.rest.post(path, undefined, ada);

      expect(answer).toMatchObject({ status: 204, text: '' });
      expect(await many.closed()).toMatchObject({ code: 4401 });
      expect(await one.closed()).toMatchObject({ code: 4401 });
      expectProblem(await me(ada.token), 401, 'not_authenticated');
      expectProblem(await refresh(ada.refreshToken), 401, 'not_authenticated');
      expectProblem(await server.rest.post(path, undefined, ada), 401, 'not_authenticated');
      await untouched.settled();
      expect((await me(elsewhere.token)).status).toBe(200);
    },
  );

  it('stops a message that is sent behind it', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas, bobs] = await server.connectTo(room, ada, bob);

    await server.rest.post('/api/logout', undefined, bob);
    bobs.send({ type: 'message', content: 'from beyond' });
    await bobs.closed();

    await adas.say('the only one');
    expect((await adas.next('message')).seq).toBe(1);
    expect(adas.all('message').map((message) => message.content)).toEqual(['the only one']);
  });

  it('stops messages that wait for their turn: none is stored once it is answered', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas, bobs] = await server.connectTo(room, ada, bob);

    for (let count = 0; count < 1_000; count += 1) bobs.send({ content: 'in a hurry' });
    await server.rest.post('/api/logout', undefined, bob);
    const { seq } = await adas.say('after the log-out');
    await bobs.closed();
    await adas.say('some time later');

    const later = await server.rest.get<StoredMessage[]>(`/api/rooms/${room.id}/messages?after=${seq}`, ada);
    expect(later.body.map((message) => message.content)).toEqual(['some time later']);
  });
});

function me(token: string) {
  return server.rest.get('/api/users/me/', { token });
}
