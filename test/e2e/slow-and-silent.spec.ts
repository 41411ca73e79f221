import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { ConnectionRegistry } from '../../src/connections/connection-registry.js';
import { FIN, OPCODE, rawFrame, RawSocket, textFrame, upgradeRequest } from '../support/raw-socket.js';
import { runServer } from '../support/test-server.js';
import { until } from '../support/until.js';

describe('A socket that does not answer the heartbeat', () => {
  const server = runServer({ HEARTBEAT_INTERVAL_MS: '500', HEARTBEAT_TIMEOUT_MS: '200' });

  it('is closed with a code that says come back, its room is told, and others stay', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas] = await server.connectTo(room, ada);
    const mute = await server.socket(`/ws/room/${room.id}`, bob, { autoPong: false });

    expect(await mute.closed()).toMatchObject({ code: 4208, reason: expect.stringMatching(/heartbeat/) });

    expect(await adas.next('user_disconnected')).toMatchObject({ user_id: bob.id });
    await adas.settled();
  });

  it('is not active any more, while it still counts', async () => {
    const [ada, operator] = [await server.person('ada'), await server.operator()];
    server.hangUp();
    const frozen = await server.socket('/ws/auth', ada);
    frozen.socket.pause();
    const counts = async () =>
      (
        await server.rest.get<{ total_connections: number; active_connections: number }>(
          '/api/connections',
          operator,
        )
      ).body;

    const frozenYetOpen = await until(counts, (seen) => seen.active_connections === 0);
    expect(frozenYetOpen).toMatchObject({ total_connections: 1, active_connections: 0 });
    await until(counts, (seen) => seen.total_connections === 0);
  });

  it('stays when it answers with something else than what it was asked: any pong is a sign of life', async () => {
    const ada = await server.person('ada');
    const socket = await RawSocket.open(server.url);
    socket.write(upgradeRequest(`/ws/auth?token=${ada.token}`));

    for (let beats = 0; beats < 3;) {
      const { opcode } = await socket.next();
      if (opcode !== OPCODE.ping) continue;
      beats += 1;
      socket.write(rawFrame(FIN | OPCODE.pong, 'another payload'));
    }

    socket.write(textFrame('{"type":"ping","ref":"alive"}'));
    expect(await socket.text('"ref":"alive"')).toContain('ack');
  });

  it('stays for as long as it answers, whatever else it does', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const [idle] = await server.connectTo(room, ada);
    let beats = 0;

    await new Promise<void>((resolve) => {
      idle.socket.on('ping', () => {
        beats += 1;
        if (beats === 3) resolve();
      });
    });

    await idle.settled();
    expect(idle.isOpen).toBe(true);
  });
});

describe('A socket that pings by itself', () => {
  const server = runServer();

  it.each(['/ws', '/ws/echo', '/ws/auth'])('is answered with what it sent, on %s', async (path) => {
    const ada = await server.person('ada');
    const client = await server.socket(path, path === '/ws/auth' ? ada : undefined);
    const payload = Buffer.from('p'.repeat(125));

    const answer = once(client.socket, 'pong');
    client.socket.ping(payload);

    expect(await answer).toEqual([payload]);
  });

  it('has its answer in a tenth of a second', async () => {
    const ada = await server.person('ada');
    const client = await server.socket('/ws/auth', ada);
    const times: number[] = [];

    for (let count = 0; count < 15; count += 1) {
      const start = performance.now();
      const answer = once(client.socket, 'pong');
      client.socket.ping('p'.repeat(125));
      await answer;
      times.push(performance.now() - start);
    }

    // Half of them: a busy machine may hold up a few.
    expect(times.sort((one, other) => one - other)[7]).toBeLessThan(100);
  });
});

describe('A socket that does not read', () => {
  /** 18 MB: Linux keeps up to 10 for a socket whose other end does not read. */
  const MORE_THAN_THE_KERNEL_HOLDS = 300;
  const server = runServer({ MAX_WAITING_BYTES: '65536', MAX_MESSAGE_LENGTH: '60000' });

  it('is closed with a code that says resume, delays nobody, and gets everything when it comes back', async () => {
    const [ada, bob, cleo] = await server.people('ada', 'bob', 'cleo');
    const room = await server.roomOf(ada, bob, cleo);
    const [adas, bobs] = await server.connectTo(room, ada, bob);
    const [asleep] = await server.connectTo(room, cleo);
    const [sleeper] = server.inside(ConnectionRegistry).connectionsOf(cleo.id);
    asleep.socket.pause();

    for (let count = 0; sleeper?.isOpen; count += 1) {
      expect(count).toBeLessThan(MORE_THAN_THE_KERNEL_HOLDS);
      await adas.say('x'.repeat(60_000));
    }
    // Whoever does not read the close frame within three seconds is cut, and never learns why.
    asleep.socket.resume();
    const { seq: last } = await adas.say('the end');

    expect(await asleep.closed()).toMatchObject({ code: 4290, reason: expect.stringMatching(/resume/) });
    const received = asleep.all('message').map((message) => message.seq);
    expect(received).toEqual(received.map((_, index) => index + 1));
    expect(received.length).toBeLessThan(last);
    for (let seq = 1; seq <= last; seq += 1) expect((await bobs.next('message')).seq).toBe(seq);
    const again = await server.socket(`/ws/room/${room.id}?after_seq=${received.length}`, cleo);
    const missed = (await again.wholeHistory()).flatMap((page) =>
      page.messages.map((message) => message.seq),
    );
    expect([...received, ...missed]).toEqual(Array.from({ length: last }, (_, index) => index + 1));
  });
});
