import { describe, expect, it } from '@jest/globals';
import { expectProblem } from '../support/problems.js';
import { runServer, type Person, type Room } from '../support/test-server.js';

const server = runServer();
const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

function join(room: Room, person: Person, slash = '') {
  return server.rest.post(`/api/rooms/${room.id}/join${slash}`, undefined, person);
}

function leave(room: Room, person: Person, slash = '') {
  return server.rest.post(`/api/rooms/${room.id}/leave${slash}`, undefined, person);
}

describe('Joining a public room', () => {
  it.each(['', '/'])('over REST (with "%s" behind) answers 200 with a message, each time', async (slash) => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.room(ada);

    for (let time = 0; time < 2; time += 1) {
      const answer = await join(room, bob, slash);
      expect(answer).toMatchObject({ status: 200, body: { message: expect.stringMatching(/./) } });
    }
    expect((await server.rest.get<Room>(`/api/rooms/${room.id}`, bob)).body.role).toBe('member');
  });

  it('with join_room answers room_joined, then the history, and makes a member as REST does', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada);
    const [adas] = await server.connectTo(room, ada);
    await adas.say('before bob');
    const [bobs] = await server.connect(bob);

    bobs.send({ type: 'join_room', room_id: room.id, ref: 'j' });

    expect(await bobs.next('room_joined')).toEqual({
      type: 'room_joined',
      room_id: room.id,
      room_name: room.name,
      head_seq: 1,
      epoch: expect.any(String),
    });
    expect(await bobs.answerTo('j')).toMatchObject({ type: 'ack', ref: 'j', room_id: room.id });
    expect(await bobs.next('message_history')).toMatchObject({
      room_id: room.id,
      messages: [{ content: 'before bob', seq: 1 }],
      head_seq: 1,
      has_more: false,
    });
    expect((await server.rest.get<Room>(`/api/rooms/${room.id}`, bob)).body.role).toBe('member');
  });

  it('happens on connecting to /ws/room/{id}', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.room(ada);

    await server.connectTo(room, bob);

    expect((await server.rest.get<Room>(`/api/rooms/${room.id}`, bob)).body.role).toBe('member');
  });

  it.each<[string, (room: Room, bob: Person) => Promise<unknown>]>([
    ['REST', (room, bob) => join(room, bob)],
    ['join_room', (room, bob) => server.connectAndJoin(room, bob)],
    ['a room socket', (room, bob) => server.connectTo(room, bob)],
  ])('through %s tells the room user_joined, once', async (_, enter) => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada);
    const [adas] = await server.connectTo(room, ada);

    await enter(room, bob);
    expect(await adas.next('user_joined')).toEqual({
      type: 'user_joined',
      user_id: bob.id,
      username: bob.username,
      room_id: room.id,
      timestamp: expect.stringMatching(UTC),
    });

    await join(room, bob);
    await server.connectTo(room, bob);
    await server.connectAndJoin(room, bob);
    await adas.say('after all that');
    await adas.next('message');
    expect(adas.all('user_joined')).toHaveLength(1);
  });

  it('twice on one socket is harmless: two answers, and each message once', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [bobs] = await server.connectAndJoin(room, bob);

    expect(await bobs.ask({ type: 'join_room', room_id: room.id })).toMatchObject({ type: 'ack' });
    await bobs.say('hello', { room_id: room.id });

    await bobs.settled();
    expect(bobs.all('room_joined')).toHaveLength(2);
    expect(bobs.all('message')).toHaveLength(1);
  });

  it('answers room_not_found where there is none, and the socket stays open', async () => {
    const ada = await server.person('ada');
    const [adas] = await server.connect(ada);

    expect(await adas.ask({ type: 'join_room', room_id: 999999 })).toMatchObject({
      type: 'error',
      code: 'room_not_found',
      content: expect.stringMatching(/./),
    });
    expectProblem(await server.rest.post('/api/rooms/999999/join', undefined, ada), 404, 'room_not_found');
    expectProblem(await server.rest.post('/api/rooms/999999/leave', undefined, ada), 404, 'room_not_found');
    await adas.settled();
  });
});

describe('Leaving has one meaning', () => {
  it.each<[string, (room: Room, bob: Person) => Promise<unknown>]>([
    ['REST', (room, bob) => leave(room, bob)],
    [
      'leave_room',
      async (room, bob) => {
        const [another] = await server.connect(bob);
        await another.ask({ type: 'leave_room', room_id: room.id });
      },
    ],
  ])('through %s it ends the membership and every live subscription of the user', async (_, go) => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas] = await server.connectTo(room, ada);
    const [bound] = await server.connectTo(room, bob);
    const [first, second] = await server.connectAndJoin(room, bob, bob);

    await go(room, bob);

    expect(await bound.closed()).toMatchObject({ code: 4403 });
    expect(await first.next('room_left')).toMatchObject({ room_id: room.id });
    expect(await second.next('room_left')).toMatchObject({ room_id: room.id });
    expect(await adas.next('user_left')).toEqual({
      type: 'user_left',
      user_id: bob.id,
      username: bob.username,
      room_id: room.id,
      timestamp: expect.stringMatching(UTC),
    });
    await adas.say('not for bob');
    for (const socket of [first, second]) {
      expect(await socket.ask({ type: 'message', room_id: room.id, content: 'still here?' })).toMatchObject({
        type: 'error',
        code: 'not_a_member',
      });
      expect(socket.all('message')).toEqual([]);
    }
    await adas.settled();
    expect(adas.all('user_left')).toHaveLength(1);
    expect(adas.all('user_disconnected')).toEqual([]);
    expectProblem(await server.rest.get(`/api/rooms/${room.id}/messages`, bob), 403, 'not_a_member');
  });

  it('answers the one who asked with room_left and an ack', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [bobs] = await server.connectAndJoin(room, bob);

    bobs.send({ type: 'leave_room', room_id: room.id, ref: 'bye' });

    expect(await bobs.next('room_left')).toMatchObject({ type: 'room_left', room_id: room.id });
    expect(await bobs.answerTo('bye')).toMatchObject({ type: 'ack', ref: 'bye', room_id: room.id });
    await bobs.settled();
    expect(bobs.all('room_left')).toHaveLength(1);
  });

  it.each(['', '/'])('over REST (with "%s" behind) answers 200 with a message, then 400', async (slash) => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);

    const answer = await leave(room, bob, slash);

    expect(answer).toMatchObject({ status: 200, body: { message: expect.stringMatching(/./) } });
    expectProblem(await leave(room, bob, slash), 400, 'not_in_room');
  });

  it('answers error to leave_room in a room that one is not in', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada);
    const [bobs] = await server.connect(bob);

    expect(await bobs.ask({ type: 'leave_room', room_id: room.id })).toMatchObject({ code: 'not_in_room' });
    expect(await bobs.ask({ type: 'leave_room', room_id: 999999 })).toMatchObject({ code: 'room_not_found' });
  });

  it('is counted once when twenty ask for it at the same moment', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas] = await server.connectTo(room, ada);

    const answers = await Promise.all(Array.from({ length: 20 }, () => leave(room, bob)));

    expect(answers.map((answer) => answer.status).sort()).toEqual([200, ...Array<number>(19).fill(400)]);
    await adas.next('user_left');
    await adas.say('after');
    await adas.settled();
    expect(adas.all('user_left')).toHaveLength(1);
  });

  it('can be undone by joining again', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas] = await server.connectTo(room, ada);
    await leave(room, bob);
    await adas.say('while bob is away');

    const [bobs] = await server.connectAndJoin(room, bob);

    await adas.say('welcome back');
    expect(await bobs.next('message')).toMatchObject({ content: 'welcome back', seq: 2 });
    expect(adas.all('user_joined')).toHaveLength(1);
  });

  it('leaves the other rooms of the same socket alone', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const one = await server.roomOf(ada, bob);
    const other = await server.roomOf(ada, bob);
    const [bobs] = await server.connectAndJoin(one, bob);
    await bobs.ask({ type: 'join_room', room_id: other.id });

    await bobs.ask({ type: 'leave_room', room_id: one.id });

    await server.rest.post(`/api/rooms/${other.id}/messages`, { content: 'here' }, ada);
    expect(await bobs.next('message')).toMatchObject({ room_id: other.id, content: 'here' });
  });

  it('does not cost the owner the room: it stays theirs, and open to them', async () => {
    const ada = await server.person('ada');
    const room = await server.privateRoomOf(ada);
    const [adas] = await server.connectAndJoin(room, ada);

    await adas.ask({ type: 'leave_room', room_id: room.id });

    expect(await adas.ask({ room_id: room.id, content: 'gone' })).toMatchObject({ code: 'not_a_member' });
    const seen = await server.rest.get<Room>(`/api/rooms/${room.id}`, ada);
    expect(seen.body).toMatchObject({ owner_id: ada.id, role: 'owner', is_member: false });
    expect((await join(room, ada)).status).toBe(200);
    expect(await adas.say('back', { room_id: room.id })).toMatchObject({ seq: 1 });
  });
});

describe('The members of a room', () => {
  it.each(['', '/'])(
    'are listed to members at /members%s, without a word about their accounts',
    async (slash) => {
      const [ada, bob] = await server.people('ada', 'bob');
      const room = await server.roomOf(ada, bob);

      const answer = await server.rest.get<object[]>(`/api/rooms/${room.id}/members${slash}`, bob);

      expect(answer.status).toBe(200);
      expect(answer.body).toHaveLength(2);
      for (const [person, role] of [
        [ada, 'owner'],
        [bob, 'member'],
      ] as const) {
        const { id: user_id, username } = person;
        expect(answer.body).toContainEqual({
          user_id,
          username,
          role,
          joined_at: expect.stringMatching(UTC),
        });
      }
    },
  );

  it('are not for strangers', async () => {
    const [ada, eve] = await server.people('ada', 'eve');
    const room = await server.roomOf(ada);

    expectProblem(await server.rest.get(`/api/rooms/${room.id}/members`, eve), 403, 'not_a_member');
    expectProblem(await server.rest.get('/api/rooms/999999/members', eve), 404, 'room_not_found');
  });
});
