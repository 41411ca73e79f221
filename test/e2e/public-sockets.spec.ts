import { describe, expect, it } from '@jest/globals';
import { handshake } from '../support/handshake.js';
import { runServer } from '../support/test-server.js';
import { TRUSTED_ORIGIN } from '../support/test-settings.js';

const server = runServer();
const TEXTS = [
  'hello',
  '5',
  '[]',
  'null',
  '""',
  '{}',
  '{"type":"constructor"}',
  '{"type":"message","content":"x"}',
  '{"type":"join_room","room_id":1}',
  '{broken',
  ' {"type":"pong"} ',
  '\u{1f408} \u0000 \u202e',
];

describe.each(['/ws', '/ws/'])('The public socket %s', (path) => {
  it('is for anyone, and greets nobody', async () => {
    const client = await server.socket(path);

    client.send({ type: 'ping' });

    expect(await client.next('pong')).toEqual({ type: 'pong', timestamp: expect.stringMatching(/^20.*Z$/) });
    expect(client.inbox).toHaveLength(1);
  });

  it.each(TEXTS)('says %j back', async (text) => {
    const client = await server.socket(path);

    client.sendText(text);

    expect(await client.next('echo')).toEqual({ type: 'echo', content: `Received: ${text}` });
  });

  it('answers a ping that carries a ref with an ack beside the pong', async () => {
    const client = await server.socket(path);

    client.send({ type: 'ping', ref: 'r' });

    expect(await client.answerTo('r')).toEqual({ type: 'ack', ref: 'r' });
    await client.next('pong');
  });

  it('answers in the order of the questions', async () => {
    const client = await server.socket(path);

    for (let number = 0; number < 50; number += 1) {
      if (number % 2 === 0) client.sendText(`${number}`);
      else client.send({ type: 'ping' });
    }

    for (let number = 0; number < 50; number += 2) {
      expect(await client.next('echo')).toMatchObject({ content: `Received: ${number}` });
      await client.next('pong');
    }
    const types = client.inbox.map((frame) => frame.type);
    expect(types).toEqual(types.map((_, index) => (index % 2 === 0 ? 'echo' : 'pong')));
  });

  it('hears nothing of any room', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const client = await server.socket(path, ada);
    client.send({ type: 'join_room', room_id: room.id });

    await server.rest.post(`/api/rooms/${room.id}/messages`, { content: 'for members' }, ada);

    client.send({ type: 'ping' });
    await client.next('pong');
    expect(client.inbox.map((frame) => frame.type)).toEqual(['echo', 'pong']);
  });
});

describe.each(['/ws/echo', '/ws/echo/'])('The echo socket %s', (path) => {
  it.each([...TEXTS, '', 'ping', '{"type":"ping"}', 'x'.repeat(10_000)])(
    'answers in plain text',
    async (text) => {
      const client = await server.socket(path);

      client.sendText(text);

      expect(await client.nextText()).toBe(`Echo: ${text}`);
    },
  );
});

describe.each(['/ws', '/ws/echo'])('%s', (path) => {
  it('closes with 1003 on a binary frame: only text is spoken', async () => {
    const client = await server.socket(path);

    client.socket.send(Buffer.from([1, 2, 3]));

    expect(await client.closed()).toMatchObject({ code: 1003 });
  });

  it('closes with 1009 on a frame that is too big, and takes the longest', async () => {
    const client = await server.socket(path);
    client.sendText('x'.repeat(65_536));
    expect(await client.nextText()).toContain('xxx');

    client.sendText('x'.repeat(65_537));

    expect(await client.closed()).toMatchObject({ code: 1009 });
  });

  it('lets in every page that is trusted, and no other', async () => {
    for (const [origin, status] of [
      [TRUSTED_ORIGIN, 101],
      [server.url, 101],
      ['http://evil.example', 403],
      ['null', 403],
    ] as const) {
      expect((await handshake(server.socketUrl + path, { headers: { origin } })).status).toBe(status);
    }
  });

  it('does not mind a token, not even a bad one', async () => {
    expect((await handshake(`${server.socketUrl}${path}?token=nonsense`)).status).toBe(101);
  });
});
