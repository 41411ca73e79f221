import { describe, expect, it } from '@jest/globals';
import { runProgram } from '../support/run-program.js';
import { runServer } from '../support/test-server.js';

const server = runServer();

describe('curl', () => {
  /** Gives the body, and the status behind it. */
  async function curl(path: string, ...args: string[]) {
    const { output } = await runProgram('curl', '-sS', '-w', '\n%{http_code}', ...args, server.url + path);
    const [body = '', status] = output.split(/\n(?=\d+$)/);
    return { status, body };
  }
  const json = (body: object) => ['-H', 'Content-Type: application/json', '-d', JSON.stringify(body)];

  it('signs up, logs in with the form of OAuth2, makes a room, posts, reads and logs out', async () => {
    const name = server.uniqueName('curl');
    const password = 'correct horse & battery';
    const account = json({ username: name, email: `${name}@example.org`, password });
    expect(await curl('/api/users/', ...account)).toMatchObject({ status: '201' });

    const form = ['-d', 'grant_type=password', '-d', `username=${name}`];
    const login = await curl('/api/token', ...form, '--data-urlencode', `password=${password}`);
    const token = /"access_token":"([^"]+)"/.exec(login.body)?.[1] ?? '';
    const bearer = ['-H', `Authorization: Bearer ${token}`];

    const made = await curl('/api/rooms/', ...bearer, ...json({ name: `room of ${name}` }));
    const room = /"id":(\d+)/.exec(made.body)?.[1] ?? '';
    const log = `/api/rooms/${room}/messages`;
    expect(await curl(log, ...bearer, ...json({ content: 'h\u00e9llo \u{1f408}' }))).toMatchObject({
      status: '201',
    });
    expect(await curl(log, ...bearer)).toMatchObject({
      status: '200',
      body: expect.stringContaining('"content":"h\u00e9llo \u{1f408}"'),
    });

    expect(await curl('/api/logout', ...bearer, '-X', 'POST')).toEqual({ status: '204', body: '' });
    expect(await curl(log, ...bearer)).toMatchObject({ status: '401' });
  });

  it('is told that a socket wants a WebSocket, and by whom it is refused', async () => {
    expect(await curl('/ws')).toMatchObject({ status: '426' });
    expect(await curl('/api/users/me/')).toMatchObject({
      status: '401',
      body: expect.stringContaining('not_authenticated'),
    });
  });
});
