import { describe, expect, it } from '@jest/globals';
import { DatabaseFile } from '../support/database-file.js';
import { runServer, type Person } from '../support/test-server.js';
import { until } from '../support/until.js';

interface Sizes {
  user_id: number | null;
  waiting_bytes: number;
  held_bytes: number;
  queued_bytes: number;
  dropped_frames: number;
}

const KIB = 1024;
const noSeqs = (): number[] => [];

describe('What one socket costs', () => {
  const server = runServer({ MAX_MESSAGE_LENGTH: '60000' });

  async function sizesOf(person: Person, operator: Person): Promise<Sizes> {
    const { body } = await server.rest.get<{ connections: Sizes[] }>(
      `/api/connections?user_id=${person.id}`,
      operator,
    );
    const [sizes] = body.connections;
    if (!sizes) throw new Error('There is no such socket.');
    return sizes;
  }

  it('is a page at a time, in however many rooms it catches up', async () => {
    const [ada, bob, operator] = [...(await server.people('ada', 'bob')), await server.operator()];
    const [adas, bobs] = await server.connect(ada, bob);
    const rooms = await Promise.all(Array.from({ length: 40 }, () => server.roomOf(ada, bob)));
    for (const { id } of rooms) {
      for (let count = 0; count < 60; count += 1) adas.send({ room_id: id, content: 'x'.repeat(4_000) });
    }
    await adas.settled();

    bobs.socket.pause();
    for (const { id } of rooms) bobs.send({ type: 'join_room', room_id: id, after_seq: 0 });
    const isListening = async () => (await server.rest.get<object>(`/api/connections`, operator)).text;
    await until(isListening, (text) => rooms.every(({ id }) => text.includes(`"${id}":1`)));
    const frozen = await sizesOf(bob, operator);
    bobs.socket.resume();

    // 40 rooms x 240 KB are 9.6 MB; the kernel takes some of it, we keep no more than a page or two.
    expect(frozen.waiting_bytes).toBeLessThan(300 * KIB);
    const seen = new Map(rooms.map(({ id }) => [id, noSeqs()]));
    for (let open = rooms.length; open > 0;) {
      const { room_id, messages, has_more } = await bobs.next('message_history');
      seen.get(room_id)?.push(...messages.map(({ seq }) => seq));
      if (!has_more) open -= 1;
    }
    for (const seqs of seen.values()) {
      expect(seqs).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
    }
  });

  it('is bounded for what it sends itself, and shown while it waits for the database', async () => {
    const [ada, operator] = [await server.person('ada'), await server.operator()];
    const room = await server.roomOf(ada);
    const [adas] = await server.connectTo(room, ada);
    const lock = await DatabaseFile.lock(server.databasePath);

    for (let count = 0; count < 200; count += 1) adas.send({ content: 'y'.repeat(60_000), ref: `${count}` });

    const stuck = await until(
      () => sizesOf(ada, operator),
      ({ queued_bytes }) => queued_bytes > 256 * KIB,
    );
    await lock.release();
    // Under way and waiting have a bound each; what was received when it was reached comes on top.
    expect(stuck.queued_bytes).toBeLessThan(1024 * KIB);
    await adas.answerTo('199');
    expect(await sizesOf(ada, operator)).toMatchObject({ queued_bytes: 0, held_bytes: 0, dropped_frames: 0 });
    expect(adas.all('error')).toEqual([]);
  });
});
