import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import { encodeText } from '../../src/protocol/encode-frame.js';
import { isMidMessage } from '../../src/connections/mid-message.js';
import { OPCODE, rawFrame, RawSocket, textFrame, upgradeRequest } from '../support/raw-socket.js';

/**
 * Frames are written to the stream that ws was given, beside ws. These are the properties of ws that this
 * rests on, with the options that the server uses: a new version that changes one of them fails here.
 */
describe('ws, on a stream that others write whole frames to', () => {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, clientTracking: false });
  const opened: { socket: WebSocket; wire: Duplex }[] = [];
  let http: Server;
  beforeAll(async () => {
    http = createServer();
    http.on('upgrade', (request, wire, head) =>
      sockets.handleUpgrade(request, wire, head, (socket) => opened.push({ socket, wire })),
    );
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    for (const { socket } of opened) socket.terminate();
    http.close();
  });

  async function connect() {
    const before = opened.length;
    const address = http.address();
    if (address === null || typeof address === 'string') throw new Error('The server does not listen.');
    const client = await RawSocket.open(`http://127.0.0.1:${address.port}`);
    client.write(upgradeRequest('/'));
    const pair = await new Promise<(typeof opened)[number]>((resolve) => {
      const look = (): void => {
        const found = opened[before];
        if (found) resolve(found);
        else setImmediate(look);
      };
      look();
    });
    return { client, ...pair };
  }

  it('keeps nothing back: what it writes and what we write arrive in the order of the calls', async () => {
    const { client, socket, wire } = await connect();

    wire.write(encodeText('first'));
    socket.ping('ping');
    wire.write(encodeText('second'));
    socket.pong('pong');
    socket.send('third');
    wire.write(Buffer.concat([encodeText('fourth'), encodeText('fifth')]));
    socket.close(4000, 'over');

    const seen: string[] = [];
    for (let count = 0; count < 7; count += 1) seen.push((await client.next()).payload.toString());
    expect(seen).toEqual(['first', 'ping', 'second', 'pong', 'third', 'fourth', 'fifth']);
    expect(await client.closeCode()).toBe(4000);
  });

  it('is not open any more from the call of close on, so that nothing follows its close frame', async () => {
    const { socket } = await connect();

    socket.close(4000);

    expect(socket.readyState).not.toBe(WebSocket.OPEN);
  });

  it('tells whether a message has begun to arrive and is not whole', async () => {
    const { client, socket } = await connect();
    const [whole, begun] = [textFrame('whole'), textFrame('begun')];
    const seen: string[] = [];
    socket.on('message', (data) => seen.push(Buffer.isBuffer(data) ? data.toString() : ''));
    const after = async (...parts: Buffer[]) => {
      client.write(...parts, rawFrame(0x80 | OPCODE.ping, 'now'));
      await client.next();
      return isMidMessage(socket);
    };

    expect(isMidMessage(socket)).toBe(false);
    expect(await after(whole)).toBe(false);
    expect(await after(rawFrame(OPCODE.text, 'piece'))).toBe(true);
    expect(await after(rawFrame(OPCODE.continuation, ''))).toBe(true);
    expect(await after(rawFrame(0x80 | OPCODE.continuation, 's'))).toBe(false);
    for (const cut of [1, 3, begun.length - 1]) {
      const arrived = new Promise((resolve) => socket.once('message', () => setImmediate(resolve)));
      client.write(whole, begun.subarray(0, cut));
      await arrived;
      expect({ cut, isMid: isMidMessage(socket) }).toEqual({ cut, isMid: true });
      expect(await after(begun.subarray(cut))).toBe(false);
    }
    expect(seen).toEqual(['whole', 'pieces', ...[1, 2, 3].flatMap(() => ['whole', 'begun'])]);
  });

  it('counts what we have written and the kernel has not taken', async () => {
    const { socket, wire } = await connect();
    const frame = encodeText('x'.repeat(1_000));

    wire.cork();
    wire.write(frame);
    wire.write(frame);

    expect(socket.bufferedAmount).toBe(2 * frame.length);
    wire.uncork();
  });
});
