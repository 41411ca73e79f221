import { describe, expect, it } from '@jest/globals';
import type { StoredMessage } from '../support/frames.js';
import { expectProblem, expectWrongFields } from '../support/problems.js';
import { runServer, type Person, type Room } from '../support/test-server.js';

const server = runServer();
const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

function post(room: Room, person: Person, body: unknown, slash = '') {
  return server.rest.post<StoredMessage>(`/api/rooms/${room.id}/messages${slash}`, body, person);
}

describe('Sending a message', () => {
  it('reaches everyone in the room and acknowledges the sender', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas, bobs] = await server.connectTo(room, ada, bob);

    adas.send({ type: 'message', ref: '1', content: 'hello' });

    const seen = await bobs.next('message');
    expect(seen).toEqual({
      type: 'message',
      id: expect.any(Number),
      seq: 1,
      content: 'hello',
      user_id: ada.id,
      username: ada.username,
      room_id: room.id,
      timestamp: expect.stringMatching(UTC),
      reply_to: null,
      edited_at: null,
    });
    expect(await adas.next('message')).toEqual(seen);
    expect(await adas.next('ack')).toMatchObject({ ref: '1', id: seen.id, seq: 1, room_id: room.id });
  });

  it('needs no type, and no ref: then nothing is acknowledged', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [bound] = await server.connectTo(room, ada);
    const [many] = await server.connectAndJoin(room, bob);

    bound.send({ content: 'short' });
    many.send({ content: 'and with a room', room_id: room.id });

    expect(await many.next('message')).toMatchObject({ content: 'short' });
    expect(await bound.next('message')).toMatchObject({ content: 'short' });
    expect(await bound.next('message')).toMatchObject({ content: 'and with a room' });
    await many.settled();
    expect(many.all('ack').filter((ack) => !ack.ref.startsWith('ask-'))).toEqual([]);
    expect(bound.all('ack')).toEqual([]);
  });

  it('over REST answers 201 with the message, and reaches every socket', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas, bobs] = await server.connectTo(room, ada, bob);

    const answer = await post(room, ada, { content: 'by post' });

    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      id: expect.any(Number),
      seq: 1,
      content: 'by post',
      room_id: room.id,
      user_id: ada.id,
      username: ada.username,
      created_at: expect.stringMatching(UTC),
      timestamp: answer.body.created_at,
      reply_to: null,
      edited_at: null,
    });
    const { created_at: _, ...asFrame } = answer.body;
    for (const client of [adas, bobs]) {
      const frame = await client.next('message');
      expect({ ...asFrame, type: 'message', client_msg_id: undefined }).toEqual({
        ...frame,
        client_msg_id: undefined,
      });
    }
  });

  it.each(['', '/'])(
    'over REST takes a room_id in the body, and the path wins (messages%s)',
    async (slash) => {
      const ada = await server.person('ada');
      const room = await server.roomOf(ada);
      const other = await server.roomOf(ada);

      for (const roomId of [room.id, other.id]) {
        const answer = await post(room, ada, { content: 'x', room_id: roomId }, slash);
        expect(answer).toMatchObject({ status: 201, body: { room_id: room.id } });
      }
      expect((await server.rest.get(`/api/rooms/${other.id}/messages`, ada)).body).toEqual([]);
    },
  );

  it('from a room socket stays in its room, whatever the frame says', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const other = await server.roomOf(ada);
    const [adas] = await server.connectTo(room, ada);

    await adas.ask({ content: 'where?', room_id: other.id });

    expect((await server.rest.get(`/api/rooms/${other.id}/messages`, ada)).body).toEqual([]);
  });

  it('is stamped by the server: a frame cannot say who wrote it, when, or where it stands', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas] = await server.connectTo(room, ada);
    const lies = {
      id: 7,
      seq: 99,
      user_id: bob.id,
      username: bob.username,
      timestamp: '1970-01-01T00:00:00Z',
    };

    await adas.ask({ content: 'me', ...lies, from: bob.username, edited_at: lies.timestamp });

    const seen = await adas.next('message');
    expect(seen).toMatchObject({ seq: 1, user_id: ada.id, username: ada.username, edited_at: null });
    expect(seen.timestamp).not.toMatch(/^1970/);
  });

  it.each(['id', 'seq', 'user_id', 'username', 'timestamp', 'created_at', 'edited_at', 'sender_id'])(
    'over REST refuses the field %s',
    async (field) => {
      const ada = await server.person('ada');
      const room = await server.roomOf(ada);

      expectWrongFields(await post(room, ada, { content: 'me', [field]: 1 }), field);

      expect((await server.rest.get(`/api/rooms/${room.id}/messages`, ada)).body).toEqual([]);
    },
  );

  it('shows the client_msg_id to its author only', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas, bobs] = await server.connectTo(room, ada, bob);

    await adas.say('mine', { client_msg_id: 'private-to-ada' });

    expect(await adas.next('message')).toMatchObject({ client_msg_id: 'private-to-ada' });
    expect(JSON.stringify(await bobs.next('message'))).not.toContain('private-to-ada');
    const forBob = await server.rest.get(`/api/rooms/${room.id}/messages`, bob);
    expect(forBob.text).not.toContain('private-to-ada');
    const forAda = await server.rest.get(`/api/rooms/${room.id}/messages`, ada);
    expect(forAda.body).toMatchObject([{ client_msg_id: 'private-to-ada' }]);
  });
});

describe('The text of a message', () => {
  it.each([
    '\u{1f469}\u200d\u{1f469}\u200d\u{1f467} family',
    '\u202eright to left\u202c \u0645\u0631\u062d\u0628\u0627',
    `zalgo${'\u0301'.repeat(200)}`,
    '\u200b',
    ' spaces  stay ',
    'two\nlines\r\nand\ta tab',
    '<script>alert(1)</script><img src=x onerror=alert(1)>',
    `'; DROP TABLE messages; -- " \\ % _ $1 \${x}`,
    '{"type":"message","content":"inner"}',
    '__proto__',
    '\u0001\u001b[31m',
    '\ufeffbyte order mark',
  ])('%j comes back as it went in, through every door', async (content) => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const [adas] = await server.connectTo(room, ada);

    await adas.say(content);
    expect((await adas.next('message')).content).toBe(content);
    expect((await post(room, ada, { content })).body.content).toBe(content);
    expect((await adas.next('message')).content).toBe(content);

    const history = await server.rest.get<StoredMessage[]>(`/api/rooms/${room.id}/messages`, ada);
    expect(history.body.map((message) => message.content)).toEqual([content, content]);
    const late = await server.socket(`/ws/room/${room.id}`, ada);
    const { messages } = await late.next('message_history');
    expect(messages.map((message) => message.content)).toEqual([content, content]);
  });

  it.each(['x', '\u{1f408}', '\u0301'])('may be 4000 times %s long, not 4001', async (character) => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const [adas] = await server.connectTo(room, ada);
    const longest = character.repeat(4000);

    expect(await adas.say(longest)).toMatchObject({ seq: 1 });
    expect((await post(room, ada, { content: longest })).status).toBe(201);

    const tooLong = longest + character;
    expect(await adas.ask({ content: tooLong })).toMatchObject({ type: 'error', code: 'content_too_long' });
    expectProblem(await post(room, ada, { content: tooLong }), 413, 'content_too_long');
    expect((await server.rest.get<Room>(`/api/rooms/${room.id}`, ada)).body.head_seq).toBe(2);
  });

  it.each<[string, unknown]>([
    ['missing', undefined],
    ['null', null],
    ['empty', ''],
    ['a number', 5],
    ['a list', ['x']],
    ['an object', { text: 'x' }],
    ['with U+0000', 'a\u0000b'],
    ['with a lone surrogate', 'a\ud83db'],
  ])('is refused when %s, and nothing is stored', async (_, content) => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const [adas] = await server.connectTo(room, ada);

    expect(await adas.ask({ type: 'message', content })).toMatchObject({
      type: 'error',
      code: 'invalid_frame',
    });
    expectWrongFields(await post(room, ada, { content }), 'content');

    expect(await adas.say('right')).toMatchObject({ seq: 1 });
  });
});

describe('A reply', () => {
  it('names the message of the same room that it answers', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const [adas] = await server.connectTo(room, ada);
    const { id } = await adas.say('question');
    await adas.next('message');

    await adas.say('answer', { reply_to: id });

    expect(await adas.next('message')).toMatchObject({ content: 'answer', reply_to: id });
    expect((await post(room, ada, { content: 'another', reply_to: id })).body.reply_to).toBe(id);
    const history = await server.rest.get(`/api/rooms/${room.id}/messages`, ada);
    expect(history.body).toMatchObject([{ reply_to: null }, { reply_to: id }, { reply_to: id }]);
  });

  it('to a message of another room, or to none, is refused alike and tells nothing of it', async () => {
    const [ada, eve] = await server.people('ada', 'eve');
    const hidden = await server.privateRoomOf(ada);
    const room = await server.roomOf(eve);
    const secret = await post(hidden, ada, { content: 'the secret text' });
    const [eves] = await server.connectTo(room, eve);

    const existing = await eves.ask({ content: 'quote', reply_to: secret.body.id });
    const missing = await eves.ask({ content: 'quote', reply_to: 999999 });
    expect(existing).toMatchObject({ type: 'error', code: 'reply_not_found' });
    expect({ ...missing, ref: '' }).toEqual({ ...existing, ref: '' });

    const overRest = await post(room, eve, { content: 'quote', reply_to: secret.body.id });
    expect(overRest.status).toBe(422);
    expect(overRest.text).not.toContain('secret');
    expect(await eves.say('on')).toMatchObject({ seq: 1 });
  });

  it.each<[unknown]>([['1'], [0], [-1], [1.5], [[1]], [{}], [true], [1e300]])(
    'to %j is refused',
    async (reply_to) => {
      const ada = await server.person('ada');
      const room = await server.roomOf(ada);
      const [adas] = await server.connectTo(room, ada);

      expect(await adas.ask({ content: 'x', reply_to })).toMatchObject({
        type: 'error',
        code: 'invalid_frame',
      });
      expectWrongFields(await post(room, ada, { content: 'x', reply_to }), 'reply_to');
    },
  );
});
