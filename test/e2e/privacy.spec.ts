import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { handshake } from '../support/handshake.js';
import { runServer } from '../support/test-server.js';

/** Talkative, because what must not be written would be written then. */
const server = runServer({ LOG_LEVEL: 'debug' });

let log = '';
beforeEach(() => {
  log = '';
  const keep = (chunk: string | Uint8Array) => {
    log += chunk.toString();
    return true;
  };
  jest.spyOn(process.stdout, 'write').mockImplementation(keep);
  jest.spyOn(process.stderr, 'write').mockImplementation(keep);
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe('What others learn of somebody', () => {
  it('is the name: no e-mail address and nothing of the password, over REST or socket', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const operator = await server.operator();
    const room = await server.roomOf(ada, bob, operator);
    const [adas] = await server.connectTo(room, ada);
    const bobs = await server.socket('/ws/auth', bob);
    await bobs.ask({ type: 'join_room', room_id: room.id });
    await adas.say('hello', { client_msg_id: 'known to ada' });
    adas.send({ type: 'typing' });
    await bobs.next('user_typing');
    await adas.close();
    await bobs.next('user_disconnected');
    await server.connectTo(room, ada);
    await server.rest.post(`/api/rooms/${room.id}/leave`, undefined, operator);
    await bobs.next('user_left');

    const seen = [
      ...bobs.inbox.map((frame) => JSON.stringify(frame)),
      (await server.rest.get('/api/rooms/', bob)).text,
      (await server.rest.get(`/api/rooms/${room.id}`, bob)).text,
      (await server.rest.get(`/api/rooms/${room.id}/members`, bob)).text,
      (await server.rest.get(`/api/rooms/${room.id}/messages`, bob)).text,
      (await server.rest.get('/api/connections', operator)).text,
    ].join('\n');

    expect(seen).toContain(ada.username);
    expect(seen).not.toContain('@example.org');
    expect(seen).not.toMatch(/password|hash|\$2[aby]\$|known to ada/);
  });
});

describe('What the log keeps to itself', () => {
  it('tokens, tickets, passwords and texts', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const { ticket } = (await server.rest.post<{ ticket: string }>('/api/ws-tickets', undefined, ada)).body;

    await server.socket(`/ws/auth?token=${ada.token}`);
    await server.socket(`/ws/room/${room.id}?ticket=${ticket}`);
    const [adas] = await server.connectTo(room, ada);
    await adas.say('a text of some intimacy');
    await adas.ask({ type: 'message', content: 'an intimate text that fails', reply_to: 999999 });
    adas.sendText('an intimate text that is no JSON');
    const other = await server.person('bob');
    for (const token of [ada.token, `${ada.token}x`, other.token]) {
      await adas.ask({ type: 'authenticate', token });
    }
    adas.send({ type: 'authenticate', token: [ada.token] });
    await adas.settled();
    await handshake(`${server.socketUrl}/ws/auth?ticket=${ticket}`);
    await server.rest.post(
      '/api/users/me/password',
      { current_password: `${ada.password}, but wrong`, new_password: 'intimate new password' },
      ada,
    );
    await handshake(`${server.socketUrl}/ws/room/999999?token=${ada.token}`);
    await handshake(`${server.socketUrl}/nothing?token=${ada.token}`);
    await handshake(`${server.socketUrl}/ws/auth?token=${ada.token}x`);
    await server.rest.get(`/nothing?token=${ada.token}`, ada);
    await server.rest.post('/api/token', { username: ada.username, password: `${ada.password}, but wrong` });
    await server.rest.post('/api/users/', {
      username: ada.username,
      email: ada.email,
      password: ada.password,
    });
    await server.rest.post('/api/logout', undefined, ada);

    new Logger('Test').debug('the log is being read');
    expect(log).toContain('the log is being read');
    for (const secret of [ada.token, other.token, ada.refreshToken, ticket, ada.password, 'intima']) {
      expect(log).not.toContain(secret);
    }
  });

  it('the text of a message that could not be stored, though it says what went wrong', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const [adas] = await server.connectTo(room, ada);
    const mend = await server.database.breakTable('INSERT', 'messages');

    const answer = await adas.ask({ content: 'an intimate text that fails' });
    const overRest = await server.rest.post(`/api/rooms/${room.id}/messages`, { content: 'intimately' }, ada);
    await mend();

    expect(answer).toMatchObject({ type: 'error', code: 'storage_unavailable', retryable: true });
    expect(overRest.status).toBe(503);
    expect(log).toContain('no paper left');
    expect(log).not.toContain('intima');
  });
});
