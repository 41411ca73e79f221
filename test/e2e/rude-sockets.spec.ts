import { Server } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { HttpAdapterHost } from '@nestjs/core';
import { OPCODE, rawFrame, RawSocket, textFrame, upgradeRequest } from '../support/raw-socket.js';
import { runServer } from '../support/test-server.js';

const server = runServer();
const FIN = 0x80;
const PING = textFrame('{"type":"ping","ref":"r"}');

/** How many listen to what outlives a socket: the server, and the process. */
function listeners(): Record<string, number> {
  const host: { httpAdapter: { getHttpServer(): unknown } } = server.inside(HttpAdapterHost);
  const http = host.httpAdapter.getHttpServer();
  if (!(http instanceof Server)) throw new Error('That is no HTTP server.');
  const counted = [http, process].flatMap((emitter) =>
    emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)] as const),
  );
  return Object.fromEntries(counted);
}

/** A close frame with a code that nobody may send (RFC 6455, 7.4). */
function goodbyeWith(code: number): [string, number, Buffer] {
  return [`close code ${code}`, 1002, rawFrame(FIN | OPCODE.close, Buffer.from([code >> 8, code & 0xff]))];
}

async function opened(): Promise<RawSocket> {
  const ada = await server.person('ada');
  const socket = await RawSocket.open(server.url);
  socket.write(upgradeRequest(`/ws/auth?token=${ada.token}`));
  await socket.text('connection_established');
  return socket;
}

describe('A handshake', () => {
  it('may bring its first frames along in the same packet', async () => {
    const ada = await server.person('ada');
    const socket = await RawSocket.open(server.url);

    socket.write(upgradeRequest(`/ws/auth?token=${ada.token}`), PING, textFrame('nonsense'));

    expect((await socket.next()).payload.toString()).toContain('connection_established');
    expect(await socket.text('ack')).toContain('"ref":"r"');
    expect(await socket.text('error')).toContain('invalid_frame');
  });

  it('may come byte by byte', async () => {
    const ada = await server.person('ada');
    const socket = await RawSocket.open(server.url);

    for (const byte of Buffer.concat([Buffer.from(upgradeRequest(`/ws/auth?token=${ada.token}`)), PING])) {
      socket.write(Buffer.from([byte]));
    }

    expect(await socket.text('ack')).toContain('"ref":"r"');
  });

  it('that is cut while the server asks who it is costs nothing, 1,000 times', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const operator = await server.operator();
    const clock = await server.socket('/ws');
    const before = listeners();
    const cutOne = async (round: number): Promise<void> => {
      const socket = await RawSocket.open(server.url);
      const path = round % 2 === 0 ? '/ws/auth' : `/ws/room/${room.id}`;
      const request = upgradeRequest(`${path}?token=${ada.token}`);
      socket.write(round % 3 === 0 ? request.slice(0, -4) : request);
      for (let trips = 0; trips < round % 5; trips += 1) await clock.settled();
      socket.socket.resetAndDestroy();
    };
    for (let round = 0; round < 1_000; round += 20) {
      await Promise.all(Array.from({ length: 20 }, (_, index) => cutOne(round + index)));
    }

    const [adas] = await server.connectTo(room, ada);
    await adas.say('alive');
    expect(listeners()).toEqual(before);
    expect(await server.rest.get('/api/connections', operator)).toMatchObject({
      body: { connections_by_room: { [room.id]: 1 } },
    });
  });
});

describe('A socket that breaks the protocol is closed with the code that says how', () => {
  it.each<[string, number, Buffer]>([
    ['a frame without a mask', 1002, rawFrame(FIN | OPCODE.text, 'x', false)],
    ['a reserved bit', 1002, rawFrame(FIN | 0x40 | OPCODE.text, 'x')],
    ['an unknown opcode', 1002, rawFrame(FIN | 3, 'x')],
    ['an unknown control opcode', 1002, rawFrame(FIN | 11, 'x')],
    ['a ping in pieces', 1002, rawFrame(OPCODE.ping, 'x')],
    ['a ping of 126 bytes', 1002, rawFrame(FIN | OPCODE.ping, 'x'.repeat(126))],
    ['a continuation of nothing', 1002, rawFrame(FIN | OPCODE.continuation, 'x')],
    [
      'a message within a message',
      1002,
      Buffer.concat([rawFrame(OPCODE.text, 'x'), rawFrame(FIN | OPCODE.text, 'x')]),
    ],
    ['a close frame of one byte', 1002, rawFrame(FIN | OPCODE.close, 'x')],
    ...[0, 999, 1004, 1005, 1006, 1015, 2999, 5000].map(goodbyeWith),
    ['bytes that are no UTF-8', 1007, rawFrame(FIN | OPCODE.text, Buffer.from([0xc3, 0x28]))],
    [
      'half a character at the end',
      1007,
      Buffer.concat([
        rawFrame(OPCODE.text, 'x'),
        rawFrame(FIN | OPCODE.continuation, Buffer.from([0xe2, 0x82])),
      ]),
    ],
    ['a length of 2^62', 1009, Buffer.from([FIN | OPCODE.text, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0])],
    ['bytes instead of text', 1003, rawFrame(FIN | 2, 'x')],
    [
      'a message in a thousand pieces that never ends',
      1008,
      Buffer.concat([
        rawFrame(OPCODE.text, '"'),
        ...Array.from({ length: 1_000 }, () => rawFrame(OPCODE.continuation, 'x')),
      ]),
    ],
    [
      'a message whose pieces are too much together',
      1009,
      Buffer.concat([
        rawFrame(OPCODE.text, '"'),
        ...Array.from({ length: 40 }, () => rawFrame(OPCODE.continuation, 'x'.repeat(2_000))),
      ]),
    ],
  ])('%s: %d', async (_, code, bytes) => {
    const socket = await opened();

    socket.write(bytes);

    expect(await socket.closeCode()).toBe(code);
  });
});

describe('A socket that keeps to the protocol may', () => {
  it('send a message in pieces, with a ping between them', async () => {
    const socket = await opened();

    socket.write(
      rawFrame(OPCODE.text, '{"type":"pi'),
      rawFrame(FIN | OPCODE.ping, 'p'.repeat(125)),
      rawFrame(FIN | OPCODE.continuation, 'ng","ref":"whole"}'),
    );

    expect(await socket.next()).toEqual({ opcode: OPCODE.pong, payload: Buffer.from('p'.repeat(125)) });
    expect(await socket.text('ack')).toContain('whole');
  });

  it('send pongs that nobody asked for', async () => {
    const socket = await opened();

    socket.write(rawFrame(FIN | OPCODE.pong, 'unasked'), PING);

    expect(await socket.text('ack')).toContain('"ref":"r"');
  });

  it('say goodbye, and is answered with the same code', async () => {
    const socket = await opened();

    socket.write(rawFrame(FIN | OPCODE.close, Buffer.from([1000 >> 8, 1000 & 0xff])));

    expect(await socket.closeCode()).toBe(1000);
  });
});
