import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { handshake } from '../support/handshake.js';
import { FIN, OPCODE, rawFrame } from '../support/raw-socket.js';
import { runServer, TestServer } from '../support/test-server.js';
import { until } from '../support/until.js';
import {
  binaryBack,
  close,
  frame,
  inChops,
  inFragments,
  more,
  opened,
  perform,
  ping,
  pongBack,
  seen,
  text,
  textBack,
} from './case.js';
import { UTF8_IN_BYTES } from './utf8-cases.js';

const MIB = 1024 * 1024;
const MOST = 16 * MIB;
const server = runServer({ CONFORMANCE_ENDPOINT: 'on', MAX_FRAME_BYTES: String(MOST) });

const LENGTHS = [0, 1, 125, 126, 127, 128, 65_535, 65_536];
const CONTROL = [OPCODE.close, OPCODE.ping, OPCODE.pong];
const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('A message comes back with every byte', () => {
  const masks = [Buffer.alloc(4), Buffer.alloc(4, 0xff), randomBytes(4)];
  const kinds = LENGTHS.flatMap((length) =>
    masks.flatMap((mask) =>
      [length > 128 ? length : 1, 997, length + 20].map((chop) => ({ length, mask, chop })),
    ),
  );

  it.each(kinds)(
    '$length random bytes, in chops of $chop, masked with $mask',
    async ({ length, mask, chop }) => {
      const bytes = randomBytes(length);
      const writes = inChops(chop, rawFrame(FIN | OPCODE.binary, bytes, mask));

      expect(await perform(server.url, [...writes, close(1000)])).toEqual({
        heard: [binaryBack(bytes)],
        code: 1000,
      });
    },
  );

  it.each(['text', 'binary'] as const)('16 MiB of %s', async (kind) => {
    const bytes = kind === 'text' ? Buffer.from(randomBytes(MOST / 2).toString('hex')) : randomBytes(MOST);
    const socket = await opened(server.url);

    socket.write(frame(OPCODE[kind], bytes));

    const { opcode, payload } = await socket.next();
    expect(opcode).toBe(OPCODE[kind]);
    expect(payload.equals(bytes)).toBe(true);
    socket.socket.destroy();
  });

  it('in the order in which they were sent, a thousand of both kinds with one write', async () => {
    const messages = numbers(1, 1_000).map((number) => ({
      opcode: number % 3 === 0 ? OPCODE.binary : OPCODE.text,
      payload: `number ${number}`,
    }));
    const socket = await opened(server.url);

    socket.write(...messages.map(({ opcode, payload }) => frame(opcode, payload)));

    const heard: string[] = [];
    for (const { length } = messages; heard.length < length;) {
      const { opcode, payload } = await socket.next();
      heard.push(seen(opcode, payload));
    }
    expect(heard).toEqual(messages.map(({ opcode, payload }) => seen(opcode, payload)));
    socket.socket.destroy();
  });

  it('also a text cut within a character, with pings in the cuts', async () => {
    const cat = Buffer.from('\u{1f408}');
    const writes = [...cat].flatMap((byte, index) => [
      frame(index === 0 ? OPCODE.text : OPCODE.continuation, Buffer.from([byte]), { fin: index === 3 }),
      ping(`${index}`),
    ]);

    expect(await perform(server.url, [...writes, close(1000)])).toEqual({
      heard: [pongBack('0'), pongBack('1'), pongBack('2'), textBack(cat), pongBack('3')],
      code: 1000,
    });
  });
});

describe('UTF-8 in frames of one byte', () => {
  it.each(UTF8_IN_BYTES)('$id: $what', async ({ writes, outcome }) => {
    expect(await perform(server.url, writes)).toEqual(outcome);
  });
});

describe('Control frames', () => {
  it('a ping of each length up to 125 is answered with what it brought', async () => {
    const pings = numbers(0, 125).map((length) => randomBytes(length));

    expect(await perform(server.url, [...pings.map((bytes) => ping(bytes)), close(1000)])).toEqual({
      heard: pings.map(pongBack),
      code: 1000,
    });
  });

  it.each(CONTROL)('opcode %d with 126 bytes or in pieces is refused', async (opcode) => {
    const long = frame(opcode, Buffer.alloc(126, 1));
    const piece = frame(opcode, '', { fin: false });

    expect(await perform(server.url, [long])).toEqual({ heard: [], code: 1002 });
    expect(await perform(server.url, [piece])).toEqual({ heard: [], code: 1002 });
  });
});

describe('What means nothing is refused with 1002', () => {
  const bits = numbers(1, 7).flatMap((rsv) =>
    [OPCODE.text, OPCODE.binary, ...CONTROL].map((opcode) => ({ rsv, opcode })),
  );
  it.each(bits)('reserved bits $rsv on opcode $opcode', async ({ rsv, opcode }) => {
    expect(await perform(server.url, [frame(opcode, '', { rsv })])).toEqual({ heard: [], code: 1002 });
  });

  it.each(numbers(1, 7))('reserved bits %d on a later piece', async (rsv) => {
    const writes = [text('x', { fin: false }), more('x', { rsv })];

    expect(await perform(server.url, writes)).toEqual({ heard: [], code: 1002 });
  });

  const unknown = [...numbers(3, 7), ...numbers(11, 15)].flatMap((opcode) => [
    { opcode, fin: true },
    { opcode, fin: false },
  ]);
  it.each(unknown)('opcode $opcode, whole: $fin', async ({ opcode, fin }) => {
    expect(await perform(server.url, [frame(opcode, 'x', { fin })])).toEqual({ heard: [], code: 1002 });
  });

  it.each([OPCODE.text, OPCODE.binary, ...CONTROL])('opcode %d without a mask', async (opcode) => {
    expect(await perform(server.url, [rawFrame(FIN | opcode, '', false)])).toEqual({ heard: [], code: 1002 });
  });

  it.each([OPCODE.text, OPCODE.binary])('opcode %d within a message in pieces', async (opcode) => {
    const writes = [frame(OPCODE.binary, 'x', { fin: false }), frame(opcode, 'x')];

    expect(await perform(server.url, writes)).toEqual({ heard: [], code: 1002 });
  });

  it.each([1, 1014, 1015, 1500, 2998, 5001, 32_768])('close code %d', async (code) => {
    const expected = code === 1014 ? 1014 : 1002;

    expect(await perform(server.url, [close(code)])).toEqual({ heard: [], code: expected });
  });
});

describe('What is too much', () => {
  it('is one byte over MAX_FRAME_BYTES, in a frame or in pieces', async () => {
    const bytes = randomBytes(MOST + 1);

    expect(await perform(server.url, [frame(OPCODE.binary, bytes)])).toEqual({ heard: [], code: 1009 });
    expect(await perform(server.url, inFragments(bytes, 4 * MIB))).toEqual({ heard: [], code: 1009 });
  });

  it.each(['0000000001000001', '0000000100000000', '7fffffffffffffff', 'ffffffffffffffff'])(
    'is a length of 0x%s, whatever follows',
    async (length) => {
      const header = Buffer.concat([Buffer.from([FIN | OPCODE.text, 0xff]), Buffer.from(length, 'hex')]);

      expect(await perform(server.url, [header])).toEqual({ heard: [], code: 1009 });
    },
  );

  it('is more than 64 pieces', async () => {
    const bytes = Buffer.from('x'.repeat(64));

    expect(await perform(server.url, [...inFragments(bytes, 1), close(1000)])).toEqual({
      heard: [textBack(bytes)],
      code: 1000,
    });
    expect(await perform(server.url, inFragments(Buffer.concat([bytes, bytes]), 1))).toEqual({
      heard: [],
      code: 1008,
    });
  });
});

describe('Whoever does not read', () => {
  it('is not read either, and gets everything once they do', async () => {
    const operator = await server.operator();
    const bytes = randomBytes(MIB);
    const socket = await opened(server.url);
    socket.socket.pause();

    for (let count = 0; count < 64; count += 1) socket.write(frame(OPCODE.binary, bytes));

    let unsent = -1;
    const held = await until(
      async () => {
        const { body } = await server.rest.get<{
          connections: { queued_bytes: number; waiting_bytes: number }[];
        }>('/api/connections?endpoint=conformance', operator);
        const before = unsent;
        unsent = socket.socket.writableLength;
        return { connection: body.connections[0], isStuck: unsent === before };
      },
      ({ connection, isStuck }) => isStuck && (connection?.queued_bytes ?? 0) > MIB,
    );
    expect(unsent).toBeGreaterThan(16 * MIB);
    expect(held.connection?.queued_bytes).toBeLessThan(8 * MIB);
    expect(held.connection?.waiting_bytes).toBeLessThan(8 * MIB);

    socket.socket.resume();
    for (let count = 0; count < 64; count += 1) {
      expect((await socket.next()).payload.equals(bytes)).toBe(true);
    }
    socket.socket.destroy();
  });
});

describe('The raw echo', () => {
  it('is a connection like others', async () => {
    const operator = await server.operator();
    const socket = await opened(server.url);
    socket.write(text('counted'));
    await socket.text('counted');
    const ask = () =>
      server.rest.get<{ connections: object[] }>('/api/connections?endpoint=conformance', operator);
    const one = { endpoint: 'conformance', user_id: null, rooms: [], active: true };

    const { body } = await until(ask, (answer) => answer.body.connections.length === 1);
    expect(body.connections).toEqual([expect.objectContaining(one)]);

    socket.write(close(1000));
    await socket.untilClosed();
    expect((await until(ask, (answer) => answer.body.connections.length === 0)).status).toBe(200);
  });

  it('refuses the pages that every socket refuses', async () => {
    const url = `${server.socketUrl}/ws/conformance/`;

    expect((await handshake(url)).status).toBe(101);
    expect((await handshake(url, { headers: { origin: 'http://evil.example' } })).status).toBe(403);
  });
});

describe('With few frames a second', () => {
  const slow = runServer({ CONFORMANCE_ENDPOINT: 'on', FRAMES_PER_SECOND: '0.1', FRAMES_BURST: '2' });

  it('the third is refused in so many words, and the sender of many is sent away', async () => {
    const { heard, code } = await perform(
      slow.url,
      Array.from({ length: 10 }, () => text('quick')),
    );

    expect(heard.slice(0, 2)).toEqual([textBack('quick'), textBack('quick')]);
    expect(heard).toHaveLength(4);
    expect(code).toBe(4429);
  });
});

describe('Unless it is asked for', () => {
  const plain = runServer();

  it.each(['/ws/conformance', '/ws/conformance/'])('%s is a path that does not exist', async (path) => {
    const nowhere = await handshake(`${plain.socketUrl}/ws/nowhere`);
    const { status, text: body } = await handshake(plain.socketUrl + path);

    expect({ status, body }).toEqual({ status: 404, body: nowhere.text });
  });
});

describe('In production', () => {
  it('it is refused at the start, with one sentence', async () => {
    const live = new TestServer({ NODE_ENV: 'production' });

    await expect(live.start({ CONFORMANCE_ENDPOINT: 'on' })).rejects.toThrow(
      'CONFORMANCE_ENDPOINT is for development; it must be off in production.',
    );
    await live.start();
    expect((await handshake(`${live.socketUrl}/ws/conformance`)).status).toBe(404);
    await live.remove();
  });
});
