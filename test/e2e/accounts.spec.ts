import { describe, expect, it } from '@jest/globals';
import { expectProblem, expectWrongFields } from '../support/problems.js';
import { runServer } from '../support/test-server.js';

const server = runServer();

function draftOf(name: string): { username: string; email: string; password: string } {
  const username = server.uniqueName(name);
  return { username, email: `${username}@example.org`, password: 'correct horse battery' };
}

describe('Signing up', () => {
  it.each(['/api/users/', '/api/users'])('at %s answers 201 with the user and nothing else', async (path) => {
    const draft = draftOf('ada');

    const answer = await server.rest.post(path, draft);

    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.any(Number),
      username: draft.username,
      email: draft.email,
      is_active: true,
    });
  });

  it('answers 409 for a username that is taken, whatever its case', async () => {
    const draft = draftOf('bob');
    await server.rest.post('/api/users/', draft);

    for (const username of [draft.username, draft.username.toUpperCase()]) {
      const answer = await server.rest.post('/api/users/', { ...draftOf('other'), username });
      expectProblem(answer, 409, 'username_taken');
    }
  });

  it('answers 409 for an e-mail that is taken, whatever its case', async () => {
    const draft = draftOf('cleo');
    await server.rest.post('/api/users/', draft);

    for (const email of [draft.email, draft.email.toUpperCase()]) {
      const answer = await server.rest.post('/api/users/', { ...draftOf('other'), email });
      expectProblem(answer, 409, 'email_taken');
    }
  });

  it('gives a name to exactly one of many who ask at the same moment', async () => {
    const { username } = draftOf('race');

    const answers = await Promise.all(
      Array.from({ length: 20 }, () => server.rest.post('/api/users/', { ...draftOf('racer'), username })),
    );

    expect(answers.map((answer) => answer.status).sort()).toEqual([201, ...Array<number>(19).fill(409)]);
  });

  it('names every missing field', async () => {
    expectWrongFields(await server.rest.post('/api/users/', {}), 'email', 'password', 'username');
  });

  it.each<[string, unknown]>([
    ['empty', ''],
    ['65 characters', 'u'.repeat(65)],
    ['a space', 'ada lovelace'],
    ['a space in front', ' ada'],
    ['a line break', 'ada\nlovelace'],
    ['a control character', 'ada\u0007'],
    ['U+0000', 'ada\u0000'],
    ['a lone surrogate', 'ada\ud800'],
    ['a number', 7],
    ['null', null],
    ['a list', ['ada']],
    ['an operator', { $ne: '' }],
  ])('refuses a username: %s', async (_, username) => {
    expectWrongFields(await server.rest.post('/api/users/', { ...draftOf('bad'), username }), 'username');
  });

  it.each<[string, unknown]>([
    ['no @', 'ada.example.org'],
    ['no domain', 'ada@'],
    ['a space', 'a da@example.org'],
    ['two addresses', 'ada@example.org,bob@example.org'],
    ['too long', `ada@${'x'.repeat(260)}.org`],
    ['null', null],
    ['a list', ['ada@example.org']],
  ])('refuses an e-mail: %s', async (_, email) => {
    expectWrongFields(await server.rest.post('/api/users/', { ...draftOf('bad'), email }), 'email');
  });

  it.each<[string, unknown]>([
    ['7 characters', 'seven77'],
    ['73 bytes', 'x'.repeat(73)],
    ['25 characters in 75 bytes', '\u20ac'.repeat(25)],
    ['a number', 12345678],
    ['null', null],
  ])('refuses a password: %s', async (_, password) => {
    expectWrongFields(await server.rest.post('/api/users/', { ...draftOf('bad'), password }), 'password');
  });

  it.each([8, 72])('takes a password of %d characters, of which each one counts', async (length) => {
    const draft = { ...draftOf('edge'), password: 'x'.repeat(length - 1) + 'y' };
    expect((await server.rest.post('/api/users/', draft)).status).toBe(201);

    const wrong = await server.rest.post('/api/token', {
      ...draft,
      email: undefined,
      password: 'x'.repeat(length),
    });
    expectProblem(wrong, 401, 'wrong_credentials');
    expect(await server.logIn(draft)).toMatchObject({ token: expect.any(String) });
  });

  it('takes usernames of 1 and 64 characters, counted as people count them', async () => {
    for (const username of ['\u00e9', '\u{1f408}'.repeat(64)]) {
      const answer = await server.rest.post('/api/users/', { ...draftOf('edge'), username });
      expect(answer).toMatchObject({ status: 201, body: { username } });
    }
  });

  it.each(['id', 'is_active', 'role', 'password_hash', 'isAdmin', '__proto__', 'constructor'])(
    'refuses the field %s, and makes nobody',
    async (field) => {
      const draft = draftOf('mallory');
      const body = JSON.stringify(draft).replace('{', `{"${field}":{"polluted":true},`);

      const answer = await server.rest.request('POST', '/api/users/', {
        raw: body,
        headers: { 'content-type': 'application/json' },
      });

      expectWrongFields(answer, field);
      expect('polluted' in Object.prototype).toBe(false);
      expectProblem(await server.rest.post('/api/token', loginOf(draft)), 401, 'wrong_credentials');
    },
  );
});

describe('Who am I', () => {
  it.each(['/api/users/me/', '/api/users/me'])(
    '%s answers with the caller, what they may do, and nothing else',
    async (path) => {
      const ada = await server.person('ada');

      const answer = await server.rest.get(path, ada);

      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({
        id: ada.id,
        username: ada.username,
        email: ada.email,
        is_active: true,
        role: 'user',
        capabilities: [],
      });
      expect(answer.headers.get('cache-control')).toContain('no-store');
    },
  );

  it('answers 401 without a token', async () => {
    const answer = await server.rest.get('/api/users/me/');

    expectProblem(answer, 401, 'not_authenticated');
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
  });
});

function loginOf(draft: { username: string; password: string }): { username: string; password: string } {
  return { username: draft.username, password: draft.password };
}
