import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TestServer } from '../support/test-server.js';
import { until } from '../support/until.js';

let server: TestServer;
let revived: TestServer;
beforeEach(async () => {
  server = new TestServer();
  revived = new TestServer();
  await server.start();
});
afterEach(async () => {
  await server.remove();
  await revived.remove();
});

describe('After a crash', () => {
  it('no connection is marked as open', async () => {
    const ada = await server.person('ada');
    await server.connect(ada);
    await server.socket('/ws');
    const all = () => server.database.query('SELECT * FROM connections');
    const before = await until(all, (rows) => rows.length === 2);
    expect(before.map((row) => row.closed_at)).toEqual([null, null]);

    await revived.afterCrashOf(server);

    const after = await revived.database.query('SELECT * FROM connections');
    expect(after).toHaveLength(2);
    for (const row of after) {
      expect(row).toMatchObject({
        closed_at: expect.any(Number),
        close_code: null,
        close_reason: expect.any(String),
      });
    }
  });

  it('everything that was acknowledged is there: messages, logins, retries', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas] = await server.connectTo(room, ada);
    for (let count = 0; count < 100; count += 1)
      adas.send({ content: `${count}`, client_msg_id: `id-${count}` });
    await adas.settled();

    await revived.afterCrashOf(server);

    const [again] = await revived.connect(ada);
    again.send({ type: 'join_room', room_id: room.id, after_seq: 0 });
    const stored = (await again.wholeHistory()).flatMap((page) => page.messages);
    expect(stored.map((message) => message.content)).toEqual(
      Array.from({ length: 100 }, (_, index) => `${index}`),
    );
    const retry = { room_id: room.id, content: '99', client_msg_id: 'id-99' };
    expect(await again.ask(retry)).toMatchObject({ type: 'ack', seq: 100 });
    expect(await again.say('new', { room_id: room.id })).toMatchObject({ seq: 101 });
  });
});
