import { describe, expect, it } from '@jest/globals';
import type { StoredMessage } from '../support/frames.js';
import { handshake } from '../support/handshake.js';
import { runServer } from '../support/test-server.js';

const server = runServer();

describe('When the server is told to stop', () => {
  it('tells every socket to come back, with 1012', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const [many] = await server.connect(ada);
    const [bound] = await server.connectTo(room, ada);
    const open = await server.socket('/ws');

    await server.stop();

    for (const client of [many, bound, open]) expect(await client.closed()).toMatchObject({ code: 1012 });
    await server.start();
    expect(await server.database.query('SELECT * FROM connections WHERE closed_at IS NULL')).toEqual([]);
    const codes = await server.database.query('SELECT DISTINCT close_code FROM connections');
    expect(codes).toEqual([{ close_code: 1012 }]);
  });

  it('lets nobody in any more while it waits for sockets to close: 503, come back', async () => {
    const ada = await server.person('ada');
    const [frozen] = await server.connect(ada);
    frozen.socket.pause();

    const stopped = server.stop();
    const refusal = await handshake(`${server.socketUrl}/ws/auth?token=${ada.token}`);
    frozen.socket.resume();
    await stopped;
    await server.start();

    expect(refusal.status).toBe(503);
    expect(Number(refusal.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(JSON.parse(refusal.text)).toMatchObject({ code: 'shutting_down' });
  });

  it('acknowledges all that it stores, also what is under way', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const [adas] = await server.connectTo(room, ada);
    for (let count = 0; count < 200; count += 1) adas.send({ content: `${count}`, ref: `${count}` });
    await adas.answerTo('0');

    await server.stop();
    await adas.closed();
    await server.start();

    const acked = adas.all('ack').length;
    expect(acked).toBeGreaterThan(0);
    expect(adas.all('ack').map((ack) => ack.seq)).toEqual(
      Array.from({ length: acked }, (_, index) => index + 1),
    );
    const again = await server.socket(`/ws/room/${room.id}?after_seq=0`, ada);
    const stored = (await again.wholeHistory()).flatMap((page) => page.messages);
    expect(stored).toHaveLength(acked);
    expect(stored.map((message) => message.content)).toEqual(stored.map((_, index) => `${index}`));
  });
});

describe('After a restart', () => {
  it('tokens, memberships, history, places and retries are as before', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.privateRoomOf(ada, bob);
    const messages = `/api/rooms/${room.id}/messages`;
    const first = await server.rest.post<StoredMessage>(
      messages,
      { content: 'before', client_msg_id: 'm1' },
      bob,
    );

    await server.stop();
    await server.start();

    const [adas, bobs] = await server.connectTo(room, ada, bob);
    expect((await server.rest.get<StoredMessage[]>(messages, bob)).body).toEqual([first.body]);
    const retry = await server.rest.post(messages, { content: 'before', client_msg_id: 'm1' }, bob);
    expect(retry).toMatchObject({ status: 200, body: first.body });
    await adas.say('after');
    expect(await bobs.next('message')).toMatchObject({ content: 'after', seq: 2 });
  });

  it('a logged-out token stays logged out', async () => {
    const ada = await server.person('ada');
    await server.rest.post('/api/logout', undefined, ada);

    await server.stop();
    await server.start();

    expect((await server.rest.get('/api/users/me/', ada)).status).toBe(401);
  });
});
