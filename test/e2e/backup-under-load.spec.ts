import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TestServer } from '../support/test-server.js';

let server: TestServer;
let restored: TestServer;
beforeEach(async () => {
  server = new TestServer();
  restored = new TestServer();
  await server.start();
});
afterEach(async () => {
  await server.remove();
  await restored.remove();
});

describe('A backup that is made while people talk', () => {
  it('holds all that was acknowledged before it began, and can be started', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas, bobs] = await server.connectTo(room, ada, bob);
    let isOver = false;
    const talk = async (client: typeof adas, name: string) => {
      for (let count = 0; !isOver; count += 20) {
        const texts = Array.from({ length: 20 }, (_, index) => `${name} ${count + index}`);
        await Promise.all(texts.map((text) => client.say(text.padEnd(2_000, '.'))));
      }
    };
    const talking = Promise.all([talk(adas, 'ada'), talk(bobs, 'bob')]);
    while (adas.all('message').length < 400) await bobs.settled();
    const before = Math.max(...adas.all('ack').flatMap(({ seq }) => seq ?? []));

    await restored.afterCrashOf(server);
    const after = adas.all('message').length;
    isOver = true;
    await talking;

    const again = await restored.socket(`/ws/room/${room.id}?after_seq=0`, bob);
    const stored = (await again.wholeHistory()).flatMap(({ messages }) => messages);
    const heard = adas.all('message');
    expect(after).toBeGreaterThan(400);
    expect(stored.length).toBeGreaterThanOrEqual(before);
    expect(stored.map(({ seq, content }) => ({ seq, content }))).toEqual(
      heard.slice(0, stored.length).map(({ seq, content }) => ({ seq, content })),
    );
    expect(await restored.database.query('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    expect(await again.say('goes on')).toMatchObject({ seq: stored.length + 1 });
  });
});
