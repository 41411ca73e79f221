import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OPCODE, rawFrame, RawSocket, upgradeRequest } from '../support/raw-socket.js';
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
    const round = async () => {
      const crowd = await crowdOf(100);
      for (const socket of crowd) socket.write(upgradeRequest('/ws'), ...pieces);
      await server.rest.get('/health/live');
      const resident = await server.residentBytes();
      const codes = await Promise.all(crowd.map((socket) => socket.closeCode()));
      expect(codes).toEqual(Array(100).fill(4209));
      return resident;
    };

    const first = await round();

    expect((await round()) - first).toBeLessThan(20 * MIB);
  });

  it('hardly grows by a thousand handshakes of which half is sent, and they are closed', async () => {
    const half = upgradeRequest('/ws').slice(0, -2);
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
