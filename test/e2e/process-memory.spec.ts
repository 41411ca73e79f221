import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FIN, OPCODE, rawFrame, RawSocket, textFrame, upgradeRequest } from '../support/raw-socket.js';
import { TalkingServer } from '../support/talking-server.js';

const MIB = 1024 * 1024;

let server: TalkingServer;
beforeAll(async () => {
  server = await TalkingServer.inFolder();
  await server.start({ MESSAGE_TIMEOUT_MS: '2000', REQUEST_TIMEOUT_MS: '4000' });
});
afterAll(() => server.remove());

/** So many strangers who are connected. */
async function crowdOf(count: number): Promise<RawSocket[]> {
  return Promise.all(Array.from({ length: count }, () => RawSocket.open(server.url)));
}

describe('The memory of the server', () => {
  it('hardly grows by a hundred strangers whose messages do not end, and they are closed', async () => {
    const pieces = Array.from({ length: 60 }, (_, index) => rawFrame(index === 0 ? OPCODE.text : 0, 'x'));
    // What the first hundred sockets of a process cost is code and pools, whatever they send.
    for (const socket of await crowdOf(100)) {
      socket.write(upgradeRequest('/ws'), textFrame('x'), rawFrame(FIN | OPCODE.close, ''));
      await socket.closed();
    }
    const before = await server.residentBytes();

    const crowd = await crowdOf(100);
    for (const socket of crowd) socket.write(upgradeRequest('/ws'), ...pieces);
    await server.rest.get('/health/live');

    expect((await server.residentBytes()) - before).toBeLessThan(20 * MIB);
    const codes = await Promise.all(crowd.map((socket) => socket.closeCode()));
    expect(codes).toEqual(Array(100).fill(4209));
  });

  it('has no room made for what a header only promises', async () => {
    const gibibyte = Buffer.from([FIN | OPCODE.binary, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0]);
    const before = await server.mappedBytes();

    const crowd = await crowdOf(50);
    for (const socket of crowd) socket.write(upgradeRequest('/ws/echo'), gibibyte);

    const codes = await Promise.all(crowd.map((socket) => socket.closeCode()));
    expect(codes).toEqual(Array(50).fill(1009));
    expect((await server.mappedBytes()) - before).toBeLessThan(512 * MIB);
  });

  it('hardly grows by a thousand handshakes of which half is sent, and they are closed', async () => {
    const long = `X-Long: ${'b'.repeat(10_000)}\r\n`;
    const half = upgradeRequest('/ws').slice(0, -2) + long;
    const ada = await server.person('ada');
    const adas = await server.connect(ada);
    const before = await server.residentBytes();

    const crowd = await crowdOf(1_000);
    for (const socket of crowd) socket.write(half);
    await adas.settled();

    expect((await server.residentBytes()) - before).toBeLessThan(40 * MIB);
    const answers = await Promise.all(crowd.map((socket) => socket.answer()));
    expect(answers.filter((answer) => answer.startsWith('HTTP/1.1 408 '))).toHaveLength(1_000);
    await adas.settled();
  });
});
