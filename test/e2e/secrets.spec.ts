/**
 * A life of the server at its most talkative, with everything going wrong that may: nothing that it issued or was told in
 * confidence comes back in a log, an error, a header, a close reason or to an operator.
 */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { handshake } from '../support/handshake.js';
import type { Answer } from '../support/rest-client.js';
import type { SocketClient } from '../support/socket-client.js';
import { runServer, type Person, type Room, type Tokens } from '../support/test-server.js';
import { SECRET_KEY } from '../support/test-settings.js';

const streams = [process.stdout, process.stderr];
beforeAll(() => {
  for (const stream of streams) {
    jest.spyOn(stream, 'write').mockImplementation((chunk: string | Uint8Array) => {
      tell('the log', chunk.toString());
      return true;
    });
  }
});
const server = runServer({ LOG_LEVEL: 'debug', FRAMES_BURST: '60', FRAMES_PER_SECOND: '10' });
afterAll(() => {
  jest.restoreAllMocks();
});

/** By name, so that a failure does not print what should not be printed. */
const secrets = new Map<string, string>();
/** By place: what was logged and answered. */
const told = new Map<string, string[]>([['the log', []]]);

function keep(name: string, secret: string): string {
  secrets.set(`${name} (${secrets.size + 1})`, secret);
  return secret;
}

function tell(place: string, text: string): void {
  told.set(place, [...(told.get(place) ?? []), text]);
}

function keepAnswer({ status, headers, text }: Answer<unknown>): void {
  tell('the headers', JSON.stringify([...headers]));
  if (status >= 400) tell('the errors', text);
}

async function ask(
  method: string,
  path: string,
  as?: { token: string },
  body?: unknown,
): Promise<Answer<object>> {
  const answer = await server.rest.request<object>(method, path, { as, body });
  keepAnswer(answer);
  return answer;
}

async function shake(path: string, headers: Record<string, string> = {}): Promise<void> {
  const answer = await handshake(server.socketUrl + path, { headers });
  tell('the headers', JSON.stringify(answer.headers));
  tell('the errors', answer.text);
}

async function person(name: string): Promise<Person> {
  const made = await server.person(name);
  keep('password', made.password);
  keep('access token', made.token);
  keep('refresh token', made.refreshToken);
  return made;
}

async function logIn(who: Person): Promise<{ token: string; refreshToken: string }> {
  const { token, refreshToken } = await server.logIn(who);
  return { token: keep('access token', token), refreshToken: keep('refresh token', refreshToken) };
}

async function ticket(who: { token: string }): Promise<string> {
  const { body } = await server.rest.post<{ ticket: string }>('/api/ws-tickets', undefined, who);
  return keep('ticket', body.ticket);
}

async function keepClosing(client: SocketClient): Promise<void> {
  const { code, reason } = await client.closed();
  tell('the close reasons', `${code} ${reason}`);
}

/** All that is broken until it is mended, as somebody's own tools might. */
async function whileBroken(
  what: 'INSERT' | 'UPDATE',
  table: string,
  work: () => Promise<void>,
): Promise<void> {
  const mend = await server.database.breakTable(what, table);
  await work();
  await mend();
}

async function proveOneself(ada: Person): Promise<void> {
  for (const password of [`${ada.password}, but wrong`, 'x'.repeat(80), `${ada.password}\0`]) {
    keep('wrong password', password);
    await ask('POST', '/api/token', undefined, { username: ada.username, password });
    await ask('POST', '/api/token', undefined, { username: `no ${ada.username}`, password });
  }
  const { refreshToken } = await logIn(ada);
  const grant = { grant_type: 'refresh_token', refresh_token: refreshToken };
  const renewed = await server.rest.post<Tokens>('/api/token', grant);
  keep('access token', renewed.body.access_token);
  keep('refresh token', renewed.body.refresh_token);
  await ask('POST', '/api/token', undefined, grant);
  await ask('POST', '/api/token', undefined, { ...grant, refresh_token: renewed.body.refresh_token });
  await ask('GET', '/api/users/me', { token: renewed.body.access_token });
  await ask('GET', `/api/users/me?token=${ada.token}`);
  await ask('GET', `/api/users/me?token=${ada.token}`, ada);
  await ask('GET', `/nothing/${ada.token}?token=${ada.token}`);
  await ask('GET', `/api/rooms/${ada.token}`, ada);
  await ask('GET', `/api/rooms/%ff${ada.token}`, ada);
  await ask('GET', `/api/rooms?skip=${ada.token}`, ada);
  await ask('GET', `/?token=${ada.token}`);
  await ask('GET', `/docs?token=${ada.token}`);
}

async function sendWrongBodies(ada: Person): Promise<void> {
  const raw = JSON.stringify({ username: ada.username, password: ada.password });
  const types = [
    'application/json',
    'application/x-www-form-urlencoded',
    'text/plain',
    'application/json; charset=x',
  ];
  for (const type of types) {
    for (const body of [`${raw}}`, raw.slice(1), raw.replace(':', '='), `[${raw}]`, `{"nested":${raw}}`]) {
      const headers = { 'content-type': type };
      keepAnswer(await server.rest.request('POST', '/api/token', { raw: body, headers }));
      keepAnswer(await server.rest.request('POST', '/api/users', { raw: body, headers }));
    }
  }
  await ask('POST', '/api/users', undefined, { username: ada.username, email: 'no', password: ada.password });
  await ask('POST', '/api/users', undefined, { ...ada, token: undefined });
}

async function openSockets(ada: Person, room: Room): Promise<void> {
  const used = await ticket(ada);
  const closing = [
    await server.socket(`/ws/auth?token=${ada.token}`),
    await server.socket(`/ws/auth?ticket=${used}`),
    await server.socket(`/ws/room/${room.id}?token=${ada.token}`),
  ];
  const operator = await server.operator();
  keep('access token', operator.token);
  tell('the page of operators', (await server.rest.get('/api/connections', operator)).text);
  for (const path of [
    '/ws/auth',
    '/ws/room/999999',
    '/ws/room/0',
    '/ws/nothing',
    '/ws?x=%',
    '/wsx',
    '/ws/auth/',
  ]) {
    const separator = path.includes('?') ? '&' : '?';
    await shake(`${path}${separator}token=${ada.token}x`);
    await shake(`${path}${separator}ticket=${used}`);
    await shake(`${path}${separator}token=${ada.token}`, { origin: 'http://evil.example' });
    await shake(`${path}${separator}token=${ada.token}&after_seq=-1`);
    await shake(`${path}${separator}token=${ada.token}`, { 'sec-websocket-protocol': ada.token });
    await shake(`${path}${separator}token=${ada.token}`, { upgrade: ada.token });
  }
  const { token } = await logIn(ada);
  const revoked = await server.socket(`/ws/auth?token=${token}`);
  await ask('POST', '/api/logout', { token });
  await keepClosing(revoked);
  const [flooding, large, binary] = closing;
  for (let count = 0; count < 500; count += 1) flooding?.send({ content: ada.token, ref: `${count}` });
  large?.sendText(ada.token.repeat(500));
  binary?.socket.send(Buffer.from(ada.token));
  for (const client of closing) {
    await keepClosing(client);
    for (const frame of client.inbox) tell('the frames', JSON.stringify(frame));
  }
}

async function breakTheDatabase(ada: Person): Promise<void> {
  await whileBroken('INSERT', 'sessions', async () => {
    await ask('POST', '/api/token', undefined, { username: ada.username, password: ada.password });
  });
  await whileBroken('UPDATE', 'sessions', async () => {
    await ask('POST', '/api/token', undefined, {
      grant_type: 'refresh_token',
      refresh_token: ada.refreshToken,
    });
    await ask('POST', '/api/logout', ada);
  });
  await whileBroken('INSERT', 'users', async () => {
    const account = {
      username: 'new',
      email: 'new@example.org',
      password: keep('password', 'of somebody new'),
    };
    await ask('POST', '/api/users', undefined, account);
  });
  await server.database.execute('ALTER TABLE sessions RENAME TO elsewhere');
  await ask('GET', '/api/users/me', ada);
  await shake(`/ws/auth?token=${ada.token}`);
  await server.database.execute('ALTER TABLE elsewhere RENAME TO sessions');
}

beforeAll(async () => {
  keep('signing key', SECRET_KEY);
  const ada = await person('ada');
  const room = await server.roomOf(ada);
  await proveOneself(ada);
  await sendWrongBodies(ada);
  await openSockets(ada, room);
  await breakTheDatabase(ada);
  for (const { password_hash } of await server.database.query('SELECT password_hash FROM users')) {
    keep('hash of a password', String(password_hash));
  }
  for (const { refresh_hash } of await server.database.query('SELECT refresh_hash FROM sessions')) {
    keep('hash of a refresh token', String(refresh_hash));
  }
  new Logger('Test').debug('the log is being read');
});

describe('A life in which everything goes wrong', () => {
  it('was one: there is something in each place to look at', () => {
    const log = (told.get('the log') ?? []).join('');

    expect(log).toContain('the log is being read');
    expect(log).toContain('no paper left');
    expect(log).toMatch(/no such table: sessions|relation "sessions" does not exist/);
    expect(told.get('the page of operators')?.join()).toMatch(/"username":"ada_\d+"/);
    expect(secrets.size).toBeGreaterThan(20);
    expect((told.get('the errors') ?? []).length).toBeGreaterThan(80);
    const reasons = (told.get('the close reasons') ?? []).join('\n');
    for (const code of [1003, 1009, 4401, 4429]) expect(reasons).toContain(String(code));
  });

  it.each([
    'the log',
    'the errors',
    'the headers',
    'the close reasons',
    'the frames',
    'the page of operators',
  ])('tells no secret in %s', (place) => {
    const text = (told.get(place) ?? []).join('\n');
    const found = [...secrets].filter(([, secret]) => text.includes(secret)).map(([name]) => name);

    expect(text).toMatch(/./);
    expect(found).toEqual([]);
  });
});
