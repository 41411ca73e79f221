import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { SocketClient } from '../support/socket-client.js';
import { runServer } from '../support/test-server.js';

const server = runServer();
const deep = (opening: string, closing: string, depth: number) =>
  opening.repeat(depth) + closing.repeat(depth);

/** Frames that no client should send, and the code of the answer. */
const BAD: [string, string, string][] = [
  ['a number', '5', 'invalid_frame'],
  ['a list', '[]', 'invalid_frame'],
  ['null', 'null', 'invalid_frame'],
  ['empty text', '""', 'invalid_frame'],
  ['true', 'true', 'invalid_frame'],
  ['nothing', '', 'invalid_frame'],
  ['no JSON', 'hello', 'invalid_frame'],
  ['broken JSON', '{"type":"message","content":', 'invalid_frame'],
  ['JSON and more', '{"type":"ping"}{"type":"ping"}', 'invalid_frame'],
  ['a byte order mark', '\ufeff{"type":"ping"}', 'invalid_frame'],
  ['an empty object', '{}', 'invalid_frame'],
  ['type constructor', '{"type":"constructor"}', 'unknown_type'],
  ['type __proto__', '{"type":"__proto__"}', 'unknown_type'],
  ['type toString', '{"type":"toString"}', 'unknown_type'],
  ['type hasOwnProperty', '{"type":"hasOwnProperty"}', 'unknown_type'],
  ['a server type', '{"type":"pong"}', 'unknown_type'],
  ['an empty type', '{"type":""}', 'unknown_type'],
  ['a type in capitals', '{"type":"PING"}', 'unknown_type'],
  ['a number for a type', '{"type":5}', 'unknown_type'],
  ['a list for a type', '{"type":["ping"]}', 'unknown_type'],
  ['null for a type, which means message', '{"type":null,"content":5}', 'invalid_frame'],
  ['an object for a type', '{"type":{"toString":"ping"}}', 'unknown_type'],
  ['brackets 10,000 deep', deep('[', ']', 10_000), 'invalid_frame'],
  ['60,000 open brackets', '['.repeat(60_000), 'invalid_frame'],
  ['objects 10,000 deep', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, 'invalid_frame'],
  ['content 10,000 deep', `{"type":"message","content":${deep('[', ']', 10_000)}}`, 'invalid_frame'],
  ['lone surrogates', '{"type":"message","content":"\\ud800"}', 'invalid_frame'],
  ['U+0000', '{"type":"message","content":"a\\u0000"}', 'invalid_frame'],
  ['a huge number', '{"type":"message","content":1e999}', 'invalid_frame'],
  ['NaN', '{"type":"message","content":NaN}', 'invalid_frame'],
];

describe.each(['/ws/auth', '/ws/room/{id}'])('On %s', (path) => {
  async function connected(): Promise<SocketClient> {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const client = await server.socket(path.replace('{id}', String(room.id)), ada);
    await client.settled();
    client.unread();
    return client;
  }

  it.each(BAD)('%s gets an error, and the socket goes on', async (_, text, code) => {
    const client = await connected();

    client.sendText(text);

    const answer = await client.next('error');
    expect(answer).toMatchObject({
      code,
      content: expect.stringMatching(/./),
      retryable: false,
    });
    expect(JSON.stringify(answer)).not.toMatch(/node_modules|\.ts:|SQLITE/);
    await client.settled();
    expect(client.unread()).toEqual([]);
  });

  it('a frame with keys of the prototype changes nothing but itself', async () => {
    const client = await connected();

    client.sendText(
      '{"type":"ping","ref":"p","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    );

    expect(await client.answerTo('p')).toMatchObject({ type: 'ack' });
    expect('polluted' in Object.prototype).toBe(false);
  });

  it('fields that nobody knows are ignored', async () => {
    const client = await connected();
    const strange = Object.fromEntries(
      Array.from({ length: 2_000 }, (_, index) => [`field_${index}`, index]),
    );

    expect(await client.ask({ ...strange, type: 'ping' })).toMatchObject({ type: 'ack' });
  });

  it('a binary frame closes with 1003', async () => {
    const client = await connected();

    client.socket.send(Buffer.from('{"type":"ping"}'));

    expect(await client.closed()).toMatchObject({ code: 1003 });
  });

  it('a frame that is too big closes with 1009', async () => {
    const client = await connected();

    client.send({ type: 'message', content: 'x'.repeat(70_000) });

    expect(await client.closed()).toMatchObject({ code: 1009 });
  });

  it('a hundred bad frames in a row get a hundred answers', async () => {
    const client = await connected();

    for (let count = 0; count < 100; count += 1) client.sendText(BAD[count % BAD.length]?.[1] ?? '');

    await client.settled();
    expect(client.all('error')).toHaveLength(100);
  });
});

describe('On a room socket', () => {
  it.each([{ type: 'join_room', room_id: 1 }, { type: 'leave_room', room_id: 1 }, { type: 'join_room' }])(
    '%j is answered with an error, and the socket stays open and in its room',
    async (frame) => {
      const ada = await server.person('ada');
      const room = await server.roomOf(ada);
      const [adas] = await server.connectTo(room, ada);

      expect(await adas.ask(frame)).toMatchObject({ type: 'error', code: 'not_on_this_socket' });

      expect(await adas.say('still here')).toMatchObject({ seq: 1 });
      expect(await adas.next('message')).toMatchObject({ room_id: room.id });
    },
  );
});

describe('On /ws/auth, a room', () => {
  it.each<[unknown]>([[undefined], [null], ['1'], [0], [-1], [1.5], [[1]], [{}], [true], [1e300], [2 ** 53]])(
    '%j is refused in every frame that has one',
    async (room_id) => {
      const ada = await server.person('ada');
      const [adas] = await server.connect(ada);

      for (const type of ['message', 'typing', 'join_room', 'leave_room']) {
        const answer = await adas.ask({ type, content: 'x', room_id });
        expect(answer).toMatchObject({
          type: 'error',
          code: 'invalid_frame',
          content: expect.stringContaining('room_id'),
        });
      }
    },
  );
});

describe('Whatever one socket sends', () => {
  it('the server lives, the socket is answered, and others do not notice', async () => {
    const [ada, bob, eve] = await server.people('ada', 'bob', 'eve');
    const room = await server.roomOf(ada, bob, eve);
    const [adas, bobs] = await server.connectTo(room, ada, bob);
    const [eves] = await server.connectAndJoin(room, eve);
    const type = fc.constantFrom('message', 'join_room', 'leave_room', 'typing', 'ping', 'constructor', '');
    const field = fc.constantFrom('content', 'room_id', 'ref', 'client_msg_id', 'reply_to', 'after_seq');
    const frame = fc
      .tuple(fc.option(type), fc.dictionary(field, fc.oneof(fc.jsonValue(), fc.constant(room.id))))
      .map(([name, fields]) => JSON.stringify({ ...(name === null ? {} : { type: name }), ...fields }));
    const anything = fc.oneof(frame, fc.json(), fc.string({ unit: 'binary' }));

    await fc.assert(
      fc.asyncProperty(fc.array(anything, { minLength: 1, maxLength: 8 }), async (texts) => {
        for (const text of texts) eves.sendText(text.toWellFormed());
        await eves.settled();
        const content = `undisturbed ${adas.inbox.length}`;
        await adas.say(content);
        for (;;) {
          const message = await bobs.next('message');
          if (message.user_id === ada.id) {
            expect(message.content).toBe(content);
            return;
          }
        }
      }),
      { numRuns: 100 },
    );

    const places = bobs.all('message').map((message) => message.seq);
    expect(places).toEqual(places.map((_, index) => index + 1));
  });
});
