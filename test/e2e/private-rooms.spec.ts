import { describe, expect, it } from '@jest/globals';
import type { SocketClient } from '../support/socket-client.js';
import { handshake } from '../support/handshake.js';
import { expectProblem } from '../support/problems.js';
import { runServer, type Person, type Room } from '../support/test-server.js';

const server = runServer();
const MISSING = 999999;

describe('A private room, to a stranger', () => {
  it('refuses each way to join with 403', async () => {
    const [ada, eve] = await server.people('ada', 'eve');
    const room = await server.privateRoomOf(ada);
    const [eves] = await server.connect(eve);

    expectProblem(
      await server.rest.post(`/api/rooms/${room.id}/join`, undefined, eve),
      403,
      'room_is_private',
    );
    expect(await eves.ask({ type: 'join_room', room_id: room.id })).toMatchObject({
      code: 'room_is_private',
    });
    const refusal = await handshake(`${server.socketUrl}/ws/room/${room.id}?token=${eve.token}`);
    expect(refusal.status).toBe(403);
    expect(JSON.parse(refusal.text)).toMatchObject({ status: 403, code: 'room_is_private' });
    expectProblem(await server.rest.get(`/api/rooms/${room.id}/messages`, eve), 404, 'room_not_found');
  });

  it.each<[string, (room: number, eve: Person) => Promise<{ status: number; text: string }>]>([
    ['GET room', (room, eve) => server.rest.get(`/api/rooms/${room}`, eve)],
    ['GET messages', (room, eve) => server.rest.get(`/api/rooms/${room}/messages`, eve)],
    ['GET messages around', (room, eve) => server.rest.get(`/api/rooms/${room}/messages?around=1`, eve)],
    ['POST messages', (room, eve) => server.rest.post(`/api/rooms/${room}/messages`, { content: 'x' }, eve)],
    ['POST leave', (room, eve) => server.rest.post(`/api/rooms/${room}/leave`, undefined, eve)],
    ['GET members', (room, eve) => server.rest.get(`/api/rooms/${room}/members`, eve)],
    ['PUT member', (room, eve) => server.rest.put(`/api/rooms/${room}/members/${eve.id}`, eve)],
    ['DELETE member', (room, eve) => server.rest.delete(`/api/rooms/${room}/members/${eve.id}`, eve)],
    [
      'PUT role',
      (room, eve) => server.rest.put(`/api/rooms/${room}/members/${eve.id}/role`, eve, { role: 'admin' }),
    ],
    ['PUT owner', (room, eve) => server.rest.put(`/api/rooms/${room}/owner`, eve, { user_id: eve.id })],
    ['GET bans', (room, eve) => server.rest.get(`/api/rooms/${room}/bans`, eve)],
    ['GET mutes', (room, eve) => server.rest.get(`/api/rooms/${room}/mutes`, eve)],
    ['PUT mute', (room, eve) => server.rest.put(`/api/rooms/${room}/mutes/${eve.id}`, eve)],
    ['DELETE mute', (room, eve) => server.rest.delete(`/api/rooms/${room}/mutes/${eve.id}`, eve)],
    ['POST invitation', (room, eve) => server.rest.post(`/api/rooms/${room}/invitations`, {}, eve)],
    ['GET invitations', (room, eve) => server.rest.get(`/api/rooms/${room}/invitations`, eve)],
    ['DELETE invitation', (room, eve) => server.rest.delete(`/api/rooms/${room}/invitations/1`, eve)],
    ['PUT ban', (room, eve) => server.rest.put(`/api/rooms/${room}/bans/${eve.id}`, eve)],
    ['DELETE ban', (room, eve) => server.rest.delete(`/api/rooms/${room}/bans/${eve.id}`, eve)],
  ])('answers %s as if it did not exist', async (_, ask) => {
    const [ada, eve] = await server.people('ada', 'eve');
    const room = await server.privateRoomOf(ada);

    const existing = await ask(room.id, eve);
    const missing = await ask(MISSING, eve);

    expect(existing.status).toBe(404);
    expect(existing.text).toBe(missing.text);
  });

  it.each<[string, (room: number) => object]>([
    ['message', (room_id) => ({ type: 'message', room_id, content: 'let me in' })],
    ['reply', (room_id) => ({ type: 'message', room_id, content: 'let me in', reply_to: 1 })],
    ['typing', (room_id) => ({ type: 'typing', room_id })],
    ['leave_room', (room_id) => ({ type: 'leave_room', room_id })],
  ])('answers a %s frame as if it did not exist', async (_, frameFor) => {
    const [ada, eve] = await server.people('ada', 'eve');
    const room = await server.privateRoomOf(ada);
    const [adas] = await server.connectTo(room, ada);
    const [eves] = await server.connect(eve);

    const existing = await askSame(eves, frameFor(room.id));
    const missing = await askSame(eves, frameFor(MISSING));

    expect(existing).toMatchObject({ type: 'error', code: 'room_not_found' });
    expect(existing).toEqual(missing);
    await adas.settled();
    expect(adas.unread()).toEqual([]);
  });

  it('takes no word of it in: nothing is stored, nobody hears of it', async () => {
    const [ada, eve] = await server.people('ada', 'eve');
    const room = await server.privateRoomOf(ada);
    const [adas] = await server.connectTo(room, ada);

    await server.rest.post(`/api/rooms/${room.id}/messages`, { content: 'intruder' }, eve);
    await server.rest.post(`/api/rooms/${room.id}/join`, undefined, eve);

    await adas.say('all quiet');
    expect(await adas.next('message')).toMatchObject({ content: 'all quiet', seq: 1 });
    await adas.settled();
    expect(adas.unread()).toEqual([]);
  });
});

describe('A private room, to a member whom the owner added', () => {
  it('is a room like any other', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.privateRoomOf(ada, bob);

    const [bobs] = await server.connectTo(room, bob);
    const [many] = await server.connectAndJoin(room, bob);

    await bobs.say('thanks');
    expect(await many.next('message')).toMatchObject({ content: 'thanks', room_id: room.id });
    expect((await server.rest.get<Room>(`/api/rooms/${room.id}`, bob)).body).toMatchObject({
      visibility: 'private',
    });
    expect((await server.rest.post(`/api/rooms/${room.id}/join`, undefined, bob)).status).toBe(200);
  });

  it('is closed again after leaving', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.privateRoomOf(ada, bob);

    await server.rest.post(`/api/rooms/${room.id}/leave`, undefined, bob);

    expectProblem(
      await server.rest.post(`/api/rooms/${room.id}/join`, undefined, bob),
      403,
      'room_is_private',
    );
    expectProblem(await server.rest.get(`/api/rooms/${room.id}`, bob), 404, 'room_not_found');
  });
});

describe('A public room, to somebody who is no member', () => {
  it('can be seen, but neither read nor written', async () => {
    const [ada, eve] = await server.people('ada', 'eve');
    const room = await server.roomOf(ada);
    const [adas] = await server.connectTo(room, ada);
    const [eves] = await server.connect(eve);
    const messages = `/api/rooms/${room.id}/messages`;

    expect((await server.rest.get(`/api/rooms/${room.id}`, eve)).status).toBe(200);
    expectProblem(await server.rest.get(messages, eve), 403, 'not_a_member');
    expectProblem(await server.rest.post(messages, { content: 'hi' }, eve), 403, 'not_a_member');
    for (const frame of [{ content: 'hi' }, { type: 'typing' }]) {
      expect(await eves.ask({ ...frame, room_id: room.id })).toMatchObject({ code: 'not_a_member' });
    }

    await adas.say('nobody came');
    expect(await adas.next('message')).toMatchObject({ seq: 1 });
    await adas.settled();
    expect(adas.unread()).toEqual([]);
    expect(eves.all('message')).toEqual([]);
  });
});

/** With the same `ref` each time, so that the answers can be compared as text. */
async function askSame(client: SocketClient, frame: object) {
  client.send({ ...frame, ref: 'same' });
  return client.answerTo('same');
}
