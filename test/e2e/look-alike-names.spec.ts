import { describe, expect, it } from '@jest/globals';
import { expectWrongFields } from '../support/problems.js';
import { runServer } from '../support/test-server.js';

const server = runServer();
const signUp = (username: string) =>
  server.rest.post('/api/users/', {
    username,
    email: `${server.uniqueName('mail')}@example.org`,
    password: 'correct horse battery',
  });

describe('Names that look alike', () => {
  it.each([
    ['another case', 'Zoe', 'zOE'],
    ['letters and accents apart', 'zo\u00eb', 'zoe\u0308'],
    ['full width', 'zara', '\uff5aara'],
  ])('are the same name in another case or form: %s', async (_, first, second) => {
    expect((await signUp(first)).status).toBe(201);
    expect((await signUp(second)).status).toBe(409);
  });

  it.each([
    ['a space without width', 'bob\u200b'],
    ['a joiner', 'bo\u200db'],
    ['a byte order mark', '\ufeffbob'],
    ['a soft hyphen', 'bo\u00adb'],
    ['a turn of the direction', '\u202ebob'],
    ['a word joiner', 'bo\u2060b'],
    ['an isolate', '\u2066bob\u2069'],
  ])('are refused when what differs cannot be seen: %s', async (_, username) => {
    expectWrongFields(await signUp(username), 'username');
  });
});
