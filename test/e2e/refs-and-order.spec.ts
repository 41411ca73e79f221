import { describe, expect, it } from '@jest/globals';
import type { SocketClient } from '../support/socket-client.js';
import { runServer, type Room } from '../support/test-server.js';
import { until } from '../support/until.js';

const server = runServer();

/** All answers so far that carry this `ref`. */
function answersTo(client: SocketClient, ref: string) {
  return client.inbox.filter((frame) => 'ref' in frame && frame.ref === ref);
}

describe('A ref', () => {
  it.each<[string, object, string]>([
    ['message', { type: 'message', content: 'x' }, 'ack'],
    ['message without a type', { content: 'x' }, 'ack'],
    ['typing', { type: 'typing' }, 'ack'],
    ['ping', { type: 'ping' }, 'ack'],
    ['a broken message', { type: 'message' }, 'error'],
    ['an unknown type', { type: 'dance' }, 'error'],
    ['join_room', { type: 'join_room', room_id: 1 }, 'error'],
    ['leave_room', { type: 'leave_room', room_id: 1 }, 'error'],
  ])('on a room socket (%s) is answered exactly once', async (_, frame, type) => {
    const ada = await server.person('ada');
    const [adas] = await server.connectTo(await server.roomOf(ada), ada);

    adas.send({ ...frame, ref: 'mine' });

    expect(await adas.answerTo('mine')).toMatchObject({ type, ref: 'mine' });
    await adas.settled();
    expect(answersTo(adas, 'mine')).toHaveLength(1);
  });

  it.each<[string, (room: number) => object, string]>([
    ['join_room', (room_id) => ({ type: 'join_room', room_id }), 'ack'],
    ['message', (room_id) => ({ room_id, content: 'x' }), 'ack'],
    ['typing', (room_id) => ({ type: 'typing', room_id }), 'ack'],
    ['ping', () => ({ type: 'ping' }), 'ack'],
    ['message without a room', () => ({ content: 'x' }), 'error'],
    ['typing without a room', () => ({ type: 'typing' }), 'error'],
    ['join_room without a room', () => ({ type: 'join_room' }), 'error'],
    ['join_room of nothing', () => ({ type: 'join_room', room_id: 999999 }), 'error'],
  ])('on /ws/auth (%s) is answered exactly once', async (_, frameFor, type) => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [bobs] = await server.connectAndJoin(room, bob);

    bobs.send({ ...frameFor(room.id), ref: 'mine' });

    expect(await bobs.answerTo('mine')).toMatchObject({ type, ref: 'mine' });
    await bobs.settled();
    expect(answersTo(bobs, 'mine')).toHaveLength(1);
  });

  it('of a ping gets its ack beside the pong; without one there is only the pong', async () => {
    const ada = await server.person('ada');
    const [adas] = await server.connect(ada);

    adas.send({ type: 'ping', ref: 'p' });
    adas.send({ type: 'ping' });

    expect(await adas.answerTo('p')).toEqual({ type: 'ack', ref: 'p' });
    for (let pongs = 0; pongs < 2; pongs += 1) {
      const pong = await adas.next('pong');
      expect(Math.abs(Date.parse(pong.timestamp) - Date.now())).toBeLessThan(60_000);
      expect(pong.timestamp).toMatch(/Z$/);
    }
    await adas.settled();
    expect(adas.all('pong')).toHaveLength(3);
    expect(adas.all('ack')).toHaveLength(2);
  });

  it.each<[string, unknown]>([
    ['a number', 5],
    ['a list', ['x']],
    ['an object', {}],
    ['true', true],
    ['65 characters', 'r'.repeat(65)],
    ['a megabyte-like text', 'r'.repeat(20_000)],
    ['text with a lone surrogate', 'x\ud800'],
  ])('that is %s gets an error without it, and the frame does nothing', async (_, ref) => {
    const ada = await server.person('ada');
    const [adas] = await server.connectTo(await server.roomOf(ada), ada);

    adas.send({ type: 'message', content: 'x', ref });

    const answer = await adas.next('error');
    expect(answer).toMatchObject({ code: 'invalid_frame', content: expect.stringContaining('ref') });
    expect(answer.ref).toBeUndefined();
    expect(await adas.say('next')).toMatchObject({ seq: 1 });
  });

  it.each(['r'.repeat(64), '\u{1f408}'.repeat(64), '"', '__proto__', ' '])(
    'may be any text of up to 64 characters, and comes back as it was: %j',
    async (ref) => {
      const ada = await server.person('ada');
      const [adas] = await server.connect(ada);

      adas.send({ type: 'ping', ref });

      expect(await adas.next('ack')).toEqual({ type: 'ack', ref });
    },
  );

  it('of one socket says nothing to another', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas, bobs] = await server.connectTo(room, ada, bob);

    adas.send({ content: 'from ada', ref: 'same' });
    bobs.send({ content: 'from bob', ref: 'same' });

    const [toAda, toBob] = [await adas.answerTo('same'), await bobs.answerTo('same')];
    const messages = [await adas.next('message'), await adas.next('message')];
    for (const message of messages) {
      const answer = message.user_id === ada.id ? toAda : toBob;
      expect(answer).toMatchObject({ type: 'ack', id: message.id, seq: message.seq });
    }
  });
});

describe('Frames of one socket are handled in the order they came', () => {
  it('join, send, leave, send, all sent at once', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada);
    const room_id = room.id;
    const [bobs] = await server.connect(bob);

    bobs.send({ type: 'message', room_id, content: 'too early', ref: 'early' });
    bobs.send({ type: 'join_room', room_id, ref: 'join' });
    bobs.send({ type: 'message', room_id, content: 'in time', ref: 'send' });
    bobs.send({ type: 'leave_room', room_id, ref: 'leave' });
    bobs.send({ type: 'message', room_id, content: 'too late', ref: 'late' });

    expect(await bobs.answerTo('late')).toMatchObject({ type: 'error', code: 'not_a_member' });
    const answers = bobs.inbox.filter((frame) => frame.type === 'ack' || frame.type === 'error');
    expect(answers).toMatchObject([
      { type: 'error', ref: 'early', code: 'not_a_member' },
      { type: 'ack', ref: 'join' },
      { type: 'ack', ref: 'send', seq: 1 },
      { type: 'ack', ref: 'leave' },
      { type: 'error', ref: 'late', code: 'not_a_member' },
    ]);
    const ofRoom = bobs.inbox.map((frame) => frame.type).filter((type) => type.startsWith('room_'));
    expect(ofRoom).toEqual(['room_joined', 'room_left']);
    const history = await server.rest.get(`/api/rooms/${room_id}/messages`, ada);
    expect(history.body).toMatchObject([{ content: 'in time' }]);
  });

  it('a hundred messages get their places, their acks and their delivery in order', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas, bobs] = await server.connectTo(room, ada, bob);
    const numbers = Array.from({ length: 100 }, (_, index) => index + 1);

    for (const number of numbers) adas.send({ content: `message ${number}`, ref: `${number}` });
    await adas.settled();

    const acks = adas.all('ack').slice(0, 100);
    expect(acks.map((ack) => [ack.ref, ack.seq])).toEqual(numbers.map((number) => [`${number}`, number]));
    await adas.say('the end');
    for (const number of [...numbers, 101]) expect(await bobs.next('message')).toMatchObject({ seq: number });
    const expected = [...numbers.map((number) => `message ${number}`), 'the end'];
    expect(bobs.all('message').map((message) => message.content)).toEqual(expected);
  });

  it('messages, mistakes and pings in a mixture are answered in a row', async () => {
    const ada = await server.person('ada');
    const [adas] = await server.connectTo(await server.roomOf(ada), ada);
    const kinds = [
      { content: 'x' },
      { type: 'ping' },
      { type: 'nonsense' },
      { type: 'typing' },
      { content: 5 },
    ];

    for (let number = 0; number < 100; number += 1) adas.send({ ...kinds[number % 5], ref: `${number}` });
    await adas.answerTo('99');

    const refs = adas.inbox.flatMap((frame) =>
      frame.type === 'ack' || frame.type === 'error' ? [frame.ref] : [],
    );
    expect(refs).toEqual(Array.from({ length: 100 }, (_, number) => `${number}`));
  });

  it('a refusal does not overtake the acks of messages that were sent before it', async () => {
    const ada = await server.person('ada');
    const [adas] = await server.connectTo(await server.roomOf(ada), ada);
    const tooLong = 'x'.repeat(4_001);

    for (let number = 0; number < 200; number += 1) {
      adas.send({ content: number % 2 === 0 ? 'x' : tooLong, ref: `${number}` });
    }
    await adas.answerTo('199');

    const answers = adas.inbox.flatMap((frame) => ('ref' in frame ? [`${frame.type} ${frame.ref}`] : []));
    expect(answers).toEqual(
      Array.from({ length: 200 }, (_, number) => `${number % 2 === 0 ? 'ack' : 'error'} ${number}`),
    );
  });

  it('two joins with long histories keep their pages and their live frames apart', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const rooms = [await server.roomOf(ada, bob), await server.roomOf(ada, bob)];
    for (const room of rooms) {
      const [writer] = await server.connectTo(room, ada);
      for (let number = 1; number <= 250; number += 1) writer.send({ content: `${number}` });
      await writer.settled();
    }
    const [bobs] = await server.connect(bob);

    rooms.forEach(({ id }) => bobs.send({ type: 'join_room', room_id: id, after_seq: 0, ref: `join ${id}` }));
    rooms.forEach(({ id }) => bobs.send({ room_id: id, content: 'behind both', ref: `send ${id}` }));

    for (const { id } of rooms) await bobs.answerTo(`send ${id}`);
    await until(
      async () => {
        await bobs.settled();
        return seqsIn(bobs, rooms).map((seqs) => seqs.length);
      },
      (counts) => counts.every((count) => count === 251),
    );
    const refs = bobs.all('ack').map((ack) => ack.ref.split(' ')[0]);
    expect(refs.slice(0, 4)).toEqual(['join', 'join', 'send', 'send']);
    // What was sent behind both joins follows the pages, or was there in time for the last of them.
    for (const [index, { id }] of rooms.entries()) {
      const ofRoom = bobs.inbox.filter(
        (frame) => 'room_id' in frame && frame.room_id === id && frame.type !== 'ack',
      );
      const types = ['room_joined', 'message_history', 'message_history', 'message_history'];
      expect(ofRoom.map((frame) => frame.type).slice(0, 4)).toEqual(types);
      expect(seqsIn(bobs, rooms)[index]).toEqual(Array.from({ length: 251 }, (_, place) => place + 1));
    }
  });
});

/** For each room the `seq` of every message in the order in which it came, from history and live alike. */
function seqsIn(client: SocketClient, rooms: Room[]): number[][] {
  return rooms.map(({ id }) =>
    client.inbox.flatMap((frame) => {
      if (frame.type === 'message_history' && frame.room_id === id) {
        return frame.messages.map(({ seq }) => seq);
      }
      return frame.type === 'message' && frame.room_id === id ? [frame.seq] : [];
    }),
  );
}
