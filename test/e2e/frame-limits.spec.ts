import { describe, expect, it } from '@jest/globals';
import { OPCODE, rawFrame, RawSocket, textFrame, upgradeRequest } from '../support/raw-socket.js';
import { runServer } from '../support/test-server.js';

const FIN = 0x80;
/** A refill in ten seconds: none that matters within a test. */
const SLOW = '0.1';

describe('Wrong frames of one socket', () => {
  const server = runServer({ WRONG_FRAMES_PER_SECOND: SLOW, WRONG_FRAMES_BURST: '5' });
  const WRONG = [
    'nonsense',
    '{"type":"nothing"}',
    '{"type":"typing","room_id":99999}',
    '[]',
    '{"content":5}',
  ];

  it('are answered, and right ones in between; one too many closes it with 4400', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas] = await server.connect(ada);
    const [bobs] = await server.connectTo(room, bob);

    for (const text of WRONG) {
      adas.sendText(text);
      expect(await adas.next('error')).toMatchObject({ retryable: false });
      await adas.settled();
    }
    adas.sendText('once more');

    expect(await adas.next('error')).toMatchObject({ code: 'invalid_frame' });
    expect(await adas.closed()).toEqual({ code: 4400, reason: 'too many wrong frames' });
    await bobs.say('bob is not disturbed');
    await server.connect(ada);
  });
});

describe('Pings and pongs of one socket', () => {
  const server = runServer({ FRAMES_PER_SECOND: SLOW, FRAMES_BURST: '20' });

  async function opened(): Promise<RawSocket> {
    const ada = await server.person('ada');
    const socket = await RawSocket.open(server.url);
    socket.write(upgradeRequest(`/ws/auth?token=${ada.token}`));
    await socket.text('connection_established');
    return socket;
  }

  it('count as frames: pings within the budget are answered, and none beyond', async () => {
    const socket = await opened();

    for (let count = 0; count < 30; count += 1) socket.write(rawFrame(FIN | OPCODE.ping, `${count}`));
    socket.write(textFrame('{"type":"ping","ref":"after"}'));

    expect(await socket.text('rate_limited')).toContain('"ref":"after"');
    expect(socket.seen(OPCODE.pong)).toEqual(Array.from({ length: 20 }, (_, count) => `${count}`));
  });

  it.each([
    ['pings', OPCODE.ping],
    ['pongs that nobody asked for', OPCODE.pong],
  ])('%s without an end close it with 4429', async (_, opcode) => {
    const bob = await server.person('bob');
    const [bobs] = await server.connect(bob);
    const socket = await opened();

    socket.write(...Array.from({ length: 10_000 }, () => rawFrame(FIN | opcode, 'x')));

    expect(await socket.closeCode()).toBe(4429);
    await bobs.settled();
  });
});
