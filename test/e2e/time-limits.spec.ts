import { describe, expect, it } from '@jest/globals';
import { Handshake } from '../../src/connections/handshake.js';
import { SocketAuthenticator } from '../../src/auth/socket-authenticator.js';
import { handshake } from '../support/handshake.js';
import { OPCODE, rawFrame, RawSocket, textFrame, upgradeRequest } from '../support/raw-socket.js';
import { runServer, type TestServer } from '../support/test-server.js';
import { until } from '../support/until.js';

const FIN = 0x80;

/** Sends the rest of something, a piece for each round trip of somebody else, for as long as it is listened to. */
async function trickle(server: TestServer, socket: RawSocket, piece: string | Buffer): Promise<void> {
  while (!socket.socket.destroyed) {
    socket.write(piece);
    await server.rest.get('/health/live');
  }
}

/** Somebody who has nothing to do with it, and must not notice. */
async function expectInnocentServed(server: TestServer): Promise<void> {
  const ada = await server.person('ada');
  const room = await server.roomOf(ada);
  const [adas] = await server.connectTo(room, ada);
  await adas.say('all is well');
}

describe('A connection that does not come to the point', () => {
  const server = runServer({ REQUEST_TIMEOUT_MS: '500', KEEP_ALIVE_TIMEOUT_MS: '300' });

  it.each<[string, string, string]>([
    ['says nothing', '', ''],
    ['stops in the first line', 'GET /api/ro', ''],
    ['sends a header after the other', 'GET /health/live HTTP/1.1\r\nHost: x\r\n', 'X-A: b\r\n'],
    ['never ends the headers of a handshake', upgradeRequest('/ws').slice(0, -2), 'X-A: b\r\n'],
    [
      'sends its body byte by byte',
      'POST /api/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n',
      ' ',
    ],
    [
      'sends chunks without an end',
      'POST /api/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
      '1\r\n \r\n',
    ],
  ])('because it %s is answered 408 and closed', async (_, beginning, rest) => {
    const socket = await RawSocket.open(server.url);
    if (beginning !== '') socket.write(beginning);
    const trickling = rest === '' ? undefined : trickle(server, socket, rest);

    const answer = await socket.answer();
    await trickling;

    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(answer).toMatch(/"code":"request_timeout"}$/);
  });

  it('is closed when it has nothing more to ask', async () => {
    const socket = await RawSocket.open(server.url);
    socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n');

    expect(await socket.answer()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*{"status":"ok"}$/);
  });

  it('keeps nobody else waiting, also five hundred of them', async () => {
    const beginnings = ['', 'GET /', upgradeRequest('/ws/auth').slice(0, -2)];
    const crowd = await Promise.all(Array.from({ length: 500 }, () => RawSocket.open(server.url)));
    crowd.forEach((socket, index) => socket.socket.write(beginnings[index % 3] ?? ''));

    await expectInnocentServed(server);

    await Promise.all(crowd.map((socket) => socket.closed()));
  });
});

describe('An answer that is not read', () => {
  const server = runServer({ RESPONSE_TIMEOUT_MS: '2000' });

  it('is given up', async () => {
    const socket = await RawSocket.open(server.url);
    socket.socket.pause();
    // More than the kernel keeps for somebody who does not read.
    socket.write('GET /redoc/redoc.standalone.js HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(30));

    const wasCut = async () => {
      socket.socket.write('\r\n');
      await server.rest.get('/health/live');
      return socket.socket.destroyed;
    };
    expect(await until(wasCut, (isCut) => isCut)).toBe(true);
  });
});

describe('A handshake that the server cannot decide in time', () => {
  const server = runServer({ HANDSHAKE_TIMEOUT_MS: '200', MAX_CONNECTIONS: '1' });

  it('is refused with 503, and gives its seat back when it is decided', async () => {
    const ada = await server.person('ada');
    const real = server.inside(SocketAuthenticator);
    let goOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    server.inside(Handshake).authenticateWith({
      authenticate: (...asked) => held.then(() => real.authenticate(...asked)),
    });

    const refusal = await handshake(`${server.socketUrl}/ws/auth?token=${ada.token}`);
    expect(refusal.status).toBe(503);
    expect(Number(refusal.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(JSON.parse(refusal.text)).toMatchObject({ code: 'storage_unavailable' });
    expect((await handshake(`${server.socketUrl}/ws`)).status).toBe(503);

    goOn();
    await until(
      () => handshake(`${server.socketUrl}/ws/auth?token=${ada.token}`),
      (answer) => answer.status === 101,
    );
  });
});

describe('A message that does not end', () => {
  const server = runServer({ MESSAGE_TIMEOUT_MS: '600' });

  async function opened(path: string): Promise<RawSocket> {
    const ada = await server.person('ada');
    const socket = await RawSocket.open(server.url);
    socket.write(upgradeRequest(`${path}?token=${ada.token}`));
    if (path === '/ws/auth') await socket.text('connection_established');
    return socket;
  }

  it.each<[string, string, Buffer]>([
    ['half a header', '/ws/auth', Buffer.from([FIN | OPCODE.text])],
    ['a length without its mask', '/ws/auth', textFrame('{"type":"ping"}').subarray(0, 3)],
    ['half a text', '/ws/auth', textFrame('{"type":"ping"}').subarray(0, 12)],
    ['a first piece', '/ws/auth', rawFrame(OPCODE.text, '{"type":')],
    [
      'a piece after the other',
      '/ws/auth',
      Buffer.concat([
        rawFrame(OPCODE.text, '{'),
        ...Array.from({ length: 60 }, () => rawFrame(OPCODE.continuation, ' ')),
      ]),
    ],
    ['a first piece of bytes', '/ws/auth', rawFrame(2, 'x')],
    ['a first piece, from a stranger', '/ws', rawFrame(OPCODE.text, 'x')],
    [
      'a first piece, then signs of life',
      '/ws/echo',
      Buffer.concat([rawFrame(OPCODE.text, 'x'), rawFrame(FIN | OPCODE.pong, '')]),
    ],
  ])('closes its socket with 4209: %s', async (_, path, bytes) => {
    const socket = await opened(path);

    socket.write(bytes);

    expect(await socket.closeCode()).toBe(4209);
  });

  it('does not, when it ends in time: not with the next one begun at once', async () => {
    const [first, second] = [
      textFrame('{"type":"ping","ref":"one"}'),
      textFrame('{"type":"ping","ref":"two"}'),
    ];
    const socket = await opened('/ws/auth');
    const mute = await opened('/ws/auth');
    mute.write(first.subarray(0, 4));

    // Whole messages, each of which comes with the beginning of the next, for longer than one may take.
    socket.write(first.subarray(0, 8));
    const both = Buffer.concat([first.subarray(8), second, first.subarray(0, 8)]);
    let isOver = false;
    const cut = mute.closeCode().finally(() => (isOver = true));
    while (!isOver) {
      socket.write(both);
      await server.rest.get('/health/live');
    }
    expect(await cut).toBe(4209);

    socket.write(first.subarray(8), textFrame('{"type":"ping","ref":"last"}'));
    expect(await socket.text('"ref":"last"')).toContain('ack');
  });

  it('keeps nobody else waiting, also a hundred of them in sixty pieces', async () => {
    const crowd = await Promise.all(Array.from({ length: 100 }, () => opened('/ws')));
    for (const socket of crowd) {
      socket.write(...Array.from({ length: 60 }, (_, index) => rawFrame(index === 0 ? OPCODE.text : 0, 'x')));
    }

    await expectInnocentServed(server);

    const codes = await Promise.all(crowd.map((socket) => socket.closeCode()));
    expect(codes).toEqual(Array(100).fill(4209));
  });
});
