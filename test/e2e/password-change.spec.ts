import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { PasswordsService } from '../../src/auth/passwords.service.js';
import { SessionsService } from '../../src/auth/sessions.service.js';
import { authenticated } from '../support/authenticated.js';
import { expectProblem, expectWrongFields } from '../support/problems.js';
import { runServer, type Person, type Tokens } from '../support/test-server.js';

const server = runServer();
afterEach(() => void jest.restoreAllMocks());

const NEXT = 'staple of another kind';

function change(person: Person, current_password: string, new_password: string) {
  return server.rest.post('/api/users/me/password', { current_password, new_password }, person);
}

function logIn({ username }: Person, password: string) {
  return server.rest.post<Tokens>('/api/token', { username, password });
}

function refresh({ refreshToken }: Person) {
  const raw = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken });
  return server.rest.request<Tokens>('POST', '/api/token', { raw });
}

describe('Changing the password', () => {
  it.each(['/api/users/me/password', '/api/users/me/password/'])(
    'at %s ends all other sessions with their sockets, and keeps this one',
    async (path) => {
      const ada = await server.person('ada');
      const phone: Person = { ...ada, ...(await server.logIn(ada)) };
      const room = await server.roomOf(ada);
      const [here, many] = await server.connect(ada, phone);
      const [one] = await server.connectTo(room, phone);

      const body = { current_password: ada.password, new_password: NEXT };
      expect(await server.rest.post(path, body, ada)).toMatchObject({ status: 204, text: '' });

      expect(await many.closed()).toMatchObject({ code: 4401 });
      expect(await one.closed()).toMatchObject({ code: 4401 });
      expectProblem(await server.rest.get('/api/users/me', phone), 401, 'not_authenticated');
      expectProblem(await refresh(phone), 401, 'not_authenticated');
      await here.settled();
      expect((await server.rest.get('/api/users/me', ada)).status).toBe(200);
      expect((await refresh(ada)).status).toBe(200);
    },
  );

  it('counts for the next log-in: the new one is right, the old one is not', async () => {
    const ada = await server.person('ada');
    await change(ada, ada.password, NEXT);

    expectProblem(await logIn(ada, ada.password), 401, 'wrong_credentials');
    expect((await logIn(ada, NEXT)).status).toBe(200);
  });

  it('is audited, without a word of the passwords', async () => {
    const ada = await server.person('ada');
    await change(ada, ada.password, NEXT);

    const admin = await server.operator('admin');
    const { body, text } = await server.rest.get(`/api/audit?user_id=${ada.id}`, admin);
    expect(body).toMatchObject([{ action: 'password_changed', actor_id: ada.id, user_id: ada.id }]);
    expect(text).not.toMatch(/\$2[aby]\$/);
    for (const password of [ada.password, NEXT]) expect(text).not.toContain(password);
  });

  it.each([['not her password'], [''], ['x'.repeat(100)]])(
    'needs the current one: "%s" changes nothing, and leaves the token alone',
    async (guess) => {
      const ada = await server.person('ada');
      const phone: Person = { ...ada, ...(await server.logIn(ada)) };

      const answer = await change(ada, guess, NEXT);

      if (guess === '') expectWrongFields(answer, 'current_password');
      else expectProblem(answer, 403, 'wrong_password');
      for (const session of [ada, phone])
        expect((await server.rest.get('/api/users/me', session)).status).toBe(200);
      expect((await logIn(ada, ada.password)).status).toBe(200);
    },
  );

  it.each([
    ['short', 'seven77'],
    ['longer than 72 bytes', 'é'.repeat(37)],
    ['with U+0000', 'a long password\0'],
  ])('asks of a new one what sign-up asks: nothing that is %s', async (_, password) => {
    const ada = await server.person('ada');

    expectWrongFields(await change(ada, ada.password, password), 'new_password');

    expect((await logIn(ada, ada.password)).status).toBe(200);
  });

  it('needs a token', async () => {
    const ada = await server.person('ada');

    const body = { current_password: ada.password, new_password: NEXT };
    const answer = await server.rest.post('/api/users/me/password', body);

    expectProblem(answer, 401, 'not_authenticated');
    expect((await logIn(ada, ada.password)).status).toBe(200);
  });

  it('is done once by two who do it at once with the same current one', async () => {
    const ada = await server.person('ada');
    const others = ['the first of two new ones', 'the second of two new ones'];

    const answers = await Promise.all(others.map((password) => change(ada, ada.password, password)));

    expect(answers.map(({ status }) => status).sort()).toEqual([204, 403]);
    const winner = others[answers.findIndex(({ status }) => status === 204)] ?? '';
    expect((await logIn(ada, winner)).status).toBe(200);
  });
});

describe('A log-in that crosses a change of the password', () => {
  it('begins no session with the old one, though it was right when it was looked at', async () => {
    const ada = await server.person('ada');
    const sessions = server.inside(SessionsService);
    const begin = sessions.begin.bind(sessions);
    jest.spyOn(sessions, 'begin').mockImplementationOnce(async (...proved) => {
      const draft = { current_password: ada.password, new_password: NEXT };
      await server.inside(PasswordsService).change(authenticated(ada), draft);
      return begin(...proved);
    });

    expectProblem(await logIn(ada, ada.password), 401, 'wrong_credentials');

    const list = await server.rest.get<unknown[]>('/api/sessions', ada);
    expect(list.body).toHaveLength(1);
  });
});
