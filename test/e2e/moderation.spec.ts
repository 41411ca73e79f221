import { describe, expect, it } from '@jest/globals';
import { handshake } from '../support/handshake.js';
import { expectProblem } from '../support/problems.js';
import { runServer, type Person, type Room } from '../support/test-server.js';

const server = runServer();

const kick = (room: Room, whom: Person, by: Person) =>
  server.rest.delete(`/api/rooms/${room.id}/members/${whom.id}`, by);
const ban = (room: Room, whom: Person, by: Person) =>
  server.rest.put(`/api/rooms/${room.id}/bans/${whom.id}`, by);
const unban = (room: Room, whom: Person, by: Person) =>
  server.rest.delete(`/api/rooms/${room.id}/bans/${whom.id}`, by);
const add = (room: Room, whom: Person, by: Person) =>
  server.rest.put(`/api/rooms/${room.id}/members/${whom.id}`, by);
const join = (room: Room, who: Person) => server.rest.post(`/api/rooms/${room.id}/join`, undefined, who);

describe.each<[string, typeof kick]>([
  ['A kick', kick],
  ['A ban', ban],
])('%s', (_, remove) => {
  it('bites at once on every open socket, and tells the room user_left', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas] = await server.connectTo(room, ada);
    const [bound, boundToo] = await server.connectTo(room, bob, bob);
    const [many] = await server.connectAndJoin(room, bob);

    expect(await remove(room, bob, ada)).toMatchObject({ status: 204, text: '' });

    expect(await bound.closed()).toMatchObject({ code: 4403 });
    expect(await boundToo.closed()).toMatchObject({ code: 4403 });
    expect(await many.next('room_left')).toMatchObject({ room_id: room.id });
    expect(await adas.next('user_left')).toMatchObject({ user_id: bob.id, room_id: room.id });
    await adas.say('without bob');
    await many.settled();
    expect([...bound.all('message'), ...boundToo.all('message'), ...many.all('message')]).toEqual([]);
    const posted = await many.ask({ type: 'message', room_id: room.id, content: 'again' });
    expect(posted).toMatchObject({ type: 'error' });
    await adas.settled();
    expect(adas.all('user_left')).toHaveLength(1);
    expect(adas.all('user_disconnected')).toEqual([]);
    expect(adas.all('message').map((message) => message.content)).toEqual(['without bob']);
  });

  it('orders a message in flight before itself or refuses it', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas] = await server.connectTo(room, ada);
    const [bobs] = await server.connectAndJoin(room, bob);

    const sent = 40;
    for (let count = 0; count < sent / 2; count += 1)
      bobs.send({ content: 'in flight', room_id: room.id, ref: `${count}` });
    const removed = remove(room, bob, ada);
    for (let count = sent / 2; count < sent; count += 1)
      bobs.send({ content: 'in flight', room_id: room.id, ref: `${count}` });
    await removed;
    await bobs.next('room_left');
    const last = await adas.say('after the removal');

    let accepted = 0;
    for (let count = 0; count < sent; count += 1) {
      const answer = await bobs.answerTo(`${count}`);
      if (answer.type === 'ack') accepted += 1;
      if (answer.type === 'ack') expect(answer.seq).toBeLessThan(last.seq);
    }
    expect(last.seq).toBe(accepted + 1);
    const history = await server.rest.get<object[]>(`/api/rooms/${room.id}/messages?limit=100`, ada);
    expect(history.body).toHaveLength(accepted + 1);
    expect(bobs.all('message').every((message) => message.seq < last.seq)).toBe(true);
  });

  it('is for the owner', async () => {
    const [ada, bob, cleo, eve] = await server.people('ada', 'bob', 'cleo', 'eve');
    const room = await server.roomOf(ada, bob, cleo);

    expectProblem(await remove(room, bob, cleo), 403, 'forbidden');
    expectProblem(await remove(room, ada, cleo), 403, 'forbidden');
    const stranger = await remove(room, bob, eve);
    expect(stranger.status).toBe(403);
    expectProblem(await server.rest.request('GET', `/api/rooms/${room.id}`), 401, 'not_authenticated');
    expect((await server.rest.get(`/api/rooms/${room.id}/messages`, bob)).status).toBe(200);
  });

  it('never hits the owner', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);

    const answer = await remove(room, ada, ada);

    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect((await server.rest.get<Room>(`/api/rooms/${room.id}`, ada)).body.role).toBe('owner');
  });

  it('of nobody is 404', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);

    expectProblem(await remove(room, { ...ada, id: 999999 }, ada), 404, 'user_not_found');
  });
});

describe('After a kick', () => {
  it('the user may join a public room again', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    await kick(room, bob, ada);

    expect((await join(room, bob)).status).toBe(200);
  });
});

describe('After a ban', () => {
  it('every way in is shut with the reason, until it is lifted', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [bobs] = await server.connect(bob);
    await ban(room, bob, ada);

    expectProblem(await join(room, bob), 403, 'banned');
    expect(await bobs.ask({ type: 'join_room', room_id: room.id })).toMatchObject({ code: 'banned' });
    const refusal = await handshake(`${server.socketUrl}/ws/room/${room.id}?token=${bob.token}`);
    expect(refusal.status).toBe(403);
    expect(JSON.parse(refusal.text)).toMatchObject({ code: 'banned' });
    expect((await server.rest.get(`/api/rooms/${room.id}/messages`, bob)).status).toBe(403);

    expect(await unban(room, bob, ada)).toMatchObject({ status: 204, text: '' });
    expect((await join(room, bob)).status).toBe(200);
  });

  it('may come before the first visit', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada);

    expect((await ban(room, bob, ada)).status).toBe(204);
    expect((await ban(room, bob, ada)).status).toBe(204);

    expectProblem(await join(room, bob), 403, 'banned');
  });
});

describe('Adding a member', () => {
  it('is for the owner: answers 200 with the member and tells the room, once', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.room(ada, { visibility: 'private' });
    const [adas] = await server.connectTo(room, ada);

    for (let time = 0; time < 2; time += 1) {
      const answer = await add(room, bob, ada);
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ user_id: bob.id, username: bob.username, role: 'member' });
    }
    expect(await adas.next('user_joined')).toMatchObject({ user_id: bob.id });
    await adas.say('hello');
    await adas.settled();
    expect(adas.all('user_joined')).toHaveLength(1);
    expectProblem(await add(room, { ...bob, id: 999999 }, ada), 404, 'user_not_found');
    expectProblem(await add(room, ada, bob), 403, 'forbidden');
  });

  it.each(['members', 'bans'])('works with a trailing slash at %s, too', async (path) => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.room(ada);

    expect((await server.rest.put(`/api/rooms/${room.id}/${path}/${bob.id}/`, ada)).status).toBeLessThan(300);
    expect((await server.rest.delete(`/api/rooms/${room.id}/${path}/${bob.id}/`, ada)).status).toBe(204);
  });
});
