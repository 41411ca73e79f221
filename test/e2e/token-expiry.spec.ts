import { describe, expect, it } from '@jest/globals';
import { handshake } from '../support/handshake.js';
import { expectProblem } from '../support/problems.js';
import { runServer, type Tokens } from '../support/test-server.js';

/** Three seconds: long enough to log in and connect on a busy machine. */
const server = runServer({ ACCESS_TOKEN_EXPIRE_MINUTES: '0.05' });

describe('When an access token expires', () => {
  it('says so in expires_in, closes its sockets with 4401, and opens nothing any more', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const login = { username: ada.username, password: ada.password };
    const tokens = (await server.rest.post<Tokens>('/api/token', login)).body;
    expect(tokens.expires_in).toBe(3);
    const late = { ...ada, token: tokens.access_token };
    const [many] = await server.connect(late);
    const [one] = await server.connectTo(room, late);

    expect(await many.closed()).toMatchObject({ code: 4401, reason: expect.stringMatching(/expired/) });
    expect(await one.closed()).toMatchObject({ code: 4401 });

    expectProblem(await server.rest.get('/api/users/me/', late), 401, 'token_expired');
    const refusal = await handshake(`${server.socketUrl}/ws/auth?token=${late.token}`);
    expect(refusal.status).toBe(401);
    expect(JSON.parse(refusal.text)).toMatchObject({ code: 'token_expired' });
  });

  it('delivers nothing to its sockets any more, and everything again with a refreshed one', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [bobs] = await server.connectTo(room, bob);
    await bobs.closed();
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: bob.refreshToken });
    const refreshed = await server.rest.request<Tokens>('POST', '/api/token', { raw: form });
    const token = refreshed.body.access_token;

    await server.rest.post(`/api/rooms/${room.id}/messages`, { content: 'missed' }, { token });
    const again = await server.socket(`/ws/room/${room.id}?after_seq=0`, { token });

    expect((await again.next('message_history')).messages).toMatchObject([{ content: 'missed', seq: 1 }]);
    expect(bobs.all('message')).toEqual([]);
  });
});
