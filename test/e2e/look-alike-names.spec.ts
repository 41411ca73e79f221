import { describe, expect, it } from '@jest/globals';
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
});
