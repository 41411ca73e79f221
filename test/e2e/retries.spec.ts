import { describe, expect, it } from '@jest/globals';
import type { StoredMessage } from '../support/frames.js';
import { expectWrongFields } from '../support/problems.js';
import { runServer, type Person, type Room } from '../support/test-server.js';

const server = runServer();

function post(room: Room, person: Person, body: unknown) {
  return server.rest.post<StoredMessage>(`/api/rooms/${room.id}/messages`, body, person);
}

async function storedIn(room: Room) {
  return server.database.query('SELECT * FROM messages WHERE room_id = ?', [room.id]);
}

describe('A retry with the same client_msg_id', () => {
  it('over a socket gives the original place and broadcasts nothing', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas, bobs] = await server.connectTo(room, ada, bob);
    const message = { content: 'once', client_msg_id: 'm1' };

    const first = await adas.say('once', { client_msg_id: 'm1' });
    const retry = await adas.ask(message);

    expect(retry).toMatchObject({ type: 'ack', id: first.id, seq: first.seq });
    await adas.say('after');
    expect(await bobs.next('message')).toMatchObject({ content: 'once', seq: 1 });
    expect(await bobs.next('message')).toMatchObject({ content: 'after', seq: 2 });
    expect(await storedIn(room)).toHaveLength(2);
  });

  it('over REST answers 201 first, then 200 and the original', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);

    const first = await post(room, ada, { content: 'once', client_msg_id: 'm1' });
    const retry = await post(room, ada, { content: 'once', client_msg_id: 'm1' });

    expect(first.status).toBe(201);
    expect(retry.status).toBe(200);
    expect(retry.body).toEqual(first.body);
  });

  it('never overwrites: with another text it gives the original', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const [adas] = await server.connectTo(room, ada);
    const first = await adas.say('the original', { client_msg_id: 'm1' });

    expect(await adas.ask({ content: 'the forgery', client_msg_id: 'm1' })).toMatchObject(first);
    const overRest = await post(room, ada, { content: 'the forgery', client_msg_id: 'm1' });

    expect(overRest).toMatchObject({ status: 200, body: { ...first, content: 'the original' } });
    expect(await storedIn(room)).toMatchObject([{ content: 'the original' }]);
  });

  it('fifty at once, over REST and two sockets: one row, one broadcast, one answer for all', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [bound, bobs] = await server.connectTo(room, ada, bob);
    const [many] = await server.connectAndJoin(room, ada);
    const message = { content: 'fifty times', client_msg_id: 'm1' };

    const attempts = Array.from({ length: 50 }, async (_, index) => {
      if (index % 3 === 0) return (await post(room, ada, message)).body;
      return index % 3 === 1 ? bound.ask(message) : many.ask({ ...message, room_id: room.id });
    });
    const answers = await Promise.all(attempts);

    const [{ id } = { id: 0 }] = await storedIn(room);
    for (const answer of answers) expect(answer).toMatchObject({ id, seq: 1 });
    await bound.say('the end');
    for (const client of [bound, many, bobs]) {
      expect(await client.next('message')).toMatchObject({ id, seq: 1, content: 'fifty times' });
      expect(await client.next('message')).toMatchObject({ seq: 2, content: 'the end' });
    }
    expect(await storedIn(room)).toHaveLength(2);
  });

  it('in one burst with others, between two messages: places stay without holes', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const [adas] = await server.connectTo(room, ada);
    const ids = ['a', 'b', 'a', 'c', 'b', 'd', 'a'];

    ids.forEach((client_msg_id, index) =>
      adas.send({ content: client_msg_id, client_msg_id, ref: `${index}` }),
    );

    const places: unknown[] = [];
    for (const index of ids.keys()) places.push((await adas.answerTo(`${index}`)).type === 'ack' && index);
    expect(places).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(adas.all('ack').map((ack) => ack.seq)).toEqual([1, 2, 1, 3, 2, 4, 1]);
  });

  it('is still harmless for one who left, came back and reconnected', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [bobs] = await server.connectTo(room, bob);
    const first = await bobs.say('once', { client_msg_id: 'm1' });
    await server.rest.post(`/api/rooms/${room.id}/leave`, undefined, bob);

    const [again] = await server.connectTo(room, bob);

    expect(await again.ask({ content: 'once', client_msg_id: 'm1' })).toMatchObject(first);
  });

  it('means the same user and room: others may use the same id', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const [room, other] = [await server.roomOf(ada, bob), await server.roomOf(ada, bob)];
    const message = { content: 'x', client_msg_id: 'common' };

    const answers = [
      await post(room, ada, message),
      await post(room, bob, message),
      await post(other, ada, message),
    ];

    expect(answers.map((answer) => answer.status)).toEqual([201, 201, 201]);
    expect(answers.map((answer) => answer.body.seq)).toEqual([1, 2, 1]);
  });

  it('is refused to one who is no member any more', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const message = { content: 'once', client_msg_id: 'm1' };
    await post(room, bob, message);
    await server.rest.delete(`/api/rooms/${room.id}/members/${bob.id}`, ada);

    expect((await post(room, bob, message)).status).toBe(403);
  });
});

describe('A client_msg_id', () => {
  it.each(['c'.repeat(128), '\u{1f408}'.repeat(128), '__proto__', "'; --", ' '])(
    'may be %j',
    async (client_msg_id) => {
      const ada = await server.person('ada');
      const room = await server.roomOf(ada);
      const [adas] = await server.connectTo(room, ada);

      const first = await adas.say('x', { client_msg_id });

      expect(await adas.next('message')).toMatchObject({ client_msg_id });
      expect((await post(room, ada, { content: 'x', client_msg_id })).body).toMatchObject(first);
    },
  );

  it.each<[unknown]>([[''], ['c'.repeat(129)], [5], [{}], [['x']], ['a\u0000'], ['\ud800']])(
    'may not be %j',
    async (client_msg_id) => {
      const ada = await server.person('ada');
      const room = await server.roomOf(ada);
      const [adas] = await server.connectTo(room, ada);

      expect(await adas.ask({ content: 'x', client_msg_id })).toMatchObject({ code: 'invalid_frame' });
      expectWrongFields(await post(room, ada, { content: 'x', client_msg_id }), 'client_msg_id');
      expect(await storedIn(room)).toEqual([]);
    },
  );
});
