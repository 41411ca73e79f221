import { describe, expect, it } from '@jest/globals';
import type { SocketClient } from '../support/socket-client.js';
import { handshake } from '../support/handshake.js';
import { runServer, type Person, type Room } from '../support/test-server.js';

const server = runServer();

/** Both doors to a room, which must behave alike. Resolves once the answer has begun to come. */
const DOORS: [string, (room: Room, person: Person, afterSeq?: number) => Promise<SocketClient>][] = [
  [
    '/ws/room/{id}',
    async (room, person, afterSeq) => {
      const query = afterSeq === undefined ? '' : `?after_seq=${afterSeq}`;
      const client = await server.socket(`/ws/room/${room.id}${query}`, person);
      await client.next('connection_established');
      return client;
    },
  ],
  [
    'join_room',
    async (room, person, afterSeq) => {
      const [client] = await server.connect(person);
      client.send({
        type: 'join_room',
        room_id: room.id,
        ...(afterSeq === undefined ? {} : { after_seq: afterSeq }),
      });
      await client.next('room_joined');
      return client;
    },
  ],
];

async function roomWith(length: number): Promise<{ ada: Person; room: Room; adas: SocketClient }> {
  const ada = await server.person('ada');
  const room = await server.roomOf(ada);
  const [adas] = await server.connectTo(room, ada);
  for (let seq = 1; seq <= length; seq += 1) adas.send({ content: `text ${seq}` });
  await adas.settled();
  return { ada, room, adas };
}

function from(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

describe.each(DOORS)('Coming to a room through %s', (_, enter) => {
  it('without a place gives the last 50, oldest first, with every field', async () => {
    const { ada, room } = await roomWith(60);

    const client = await enter(room, ada);

    const history = await client.next('message_history');
    expect(history).toMatchObject({ room_id: room.id, head_seq: 60, has_more: false });
    expect(history.messages.map((message) => message.seq)).toEqual(from(11, 60));
    expect(history.messages[0]).toMatchObject({
      id: expect.any(Number),
      seq: 11,
      content: 'text 11',
      user_id: ada.id,
      username: ada.username,
      timestamp: expect.stringMatching(/Z$/),
      reply_to: null,
      edited_at: null,
    });
  });

  it('of an empty room gives one empty page', async () => {
    const { ada, room } = await roomWith(0);

    for (const afterSeq of [undefined, 0]) {
      const client = await enter(room, ada, afterSeq);
      expect(await client.next('message_history')).toEqual({
        type: 'message_history',
        room_id: room.id,
        messages: [],
        head_seq: 0,
        epoch: expect.any(String),
        has_more: false,
      });
    }
  });

  it('with a place gives all that came after it, in pages of which only the last has no more', async () => {
    const { ada, room } = await roomWith(345);

    const client = await enter(room, ada, 12);

    const pages = await client.wholeHistory();
    expect(pages.length).toBeGreaterThan(3);
    expect(pages.flatMap((page) => page.messages.map((message) => message.seq))).toEqual(from(13, 345));
    expect(pages.map((page) => page.has_more)).toEqual([...pages.slice(1).map(() => true), false]);
    for (const page of pages) expect(page).toMatchObject({ room_id: room.id, head_seq: 345 });
  });

  it.each([100, 200])('with exactly %d missed messages ends with a page that says so', async (missed) => {
    const { ada, room } = await roomWith(missed);

    const client = await enter(room, ada, 0);

    const pages = await client.wholeHistory();
    expect(pages.flatMap((page) => page.messages)).toHaveLength(missed);
    await client.settled();
    expect(client.all('message_history')).toEqual(pages);
  });

  it('with the newest place gives one empty page, then what comes', async () => {
    const { ada, room, adas } = await roomWith(3);

    const client = await enter(room, ada, 3);

    expect(await client.next('message_history')).toMatchObject({
      messages: [],
      head_seq: 3,
      has_more: false,
    });
    await adas.say('the fourth');
    expect(await client.next('message')).toMatchObject({ seq: 4 });
  });

  it('with a place that the room never reached names the gap, and then gives what there is', async () => {
    const { ada, room, adas } = await roomWith(3);

    const client = await enter(room, ada, 7);

    expect(await client.next('error')).toMatchObject({
      code: 'gap',
      room_id: room.id,
      after_seq: 7,
      head_seq: 3,
    });
    const history = await client.next('message_history');
    expect(history.messages.map((message) => message.seq)).toEqual([1, 2, 3]);
    await adas.say('the fourth');
    expect(await client.next('message')).toMatchObject({ seq: 4 });
  });

  it('has no seam: what is posted meanwhile comes once, in order, in a page or live', async () => {
    const { ada, room, adas } = await roomWith(150);
    const writers = await server.connectTo(room, ada, ada);
    let posted = 0;

    for (let round = 0; round < 30; round += 1) {
      const place = round * 4;
      for (const writer of writers) writer.send({ content: `before ${posted++}` });
      const entering = enter(room, ada, place);
      for (const writer of writers) writer.send({ content: `during ${posted++}` });
      const client = await entering;
      for (const writer of writers) writer.send({ content: `behind ${posted++}` });
      await Promise.all(writers.map((writer) => writer.settled()));
      const { seq: last } = await adas.say('the last of the round');

      expect(await everySeqUpTo(client, last)).toEqual(from(place + 1, last));
      await client.close();
    }
    expect(posted).toBe(180);
  });

  it('has no seam for one who comes with no place either', async () => {
    const { ada, room, adas } = await roomWith(10);
    for (let round = 0; round < 20; round += 1) {
      const entering = enter(room, ada);
      for (let count = 0; count < 3; count += 1) adas.send({ content: 'during' });
      const client = await entering;
      const { seq: last } = await adas.say('the last of the round');

      const seen = await everySeqUpTo(client, last);

      expect(seen).toEqual(from(seen[0] ?? 0, last));
      await client.close();
    }
  });
});

describe('A place that makes no sense', () => {
  it.each<[unknown]>([[-1], [1.5], ['1'], [[]], [true], [1e300]])(
    'in join_room (%j) is an error',
    async (after_seq) => {
      const { ada, room } = await roomWith(1);
      const [client] = await server.connect(ada);

      const answer = await client.ask({ type: 'join_room', room_id: room.id, after_seq });

      expect(answer).toMatchObject({ type: 'error', code: 'invalid_frame' });
      await client.settled();
      expect(client.all('room_joined')).toEqual([]);
    },
  );

  it.each(['-1', '1.5', 'x', '1e3', '99999999999999999999', '', '0x10', '1&after_seq=2'])(
    'in the address of a room socket (%s) is 422 before the upgrade',
    async (place) => {
      const { ada, room } = await roomWith(1);

      const refusal = await handshake(
        `${server.socketUrl}/ws/room/${room.id}?token=${ada.token}&after_seq=${place}`,
      );

      expect(refusal.status).toBe(422);
      expect(JSON.parse(refusal.text)).toMatchObject({ code: 'invalid_input' });
    },
  );
});

describe('Coming back after a silent death', () => {
  it('brings every message that was missed', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas, bobs] = await server.connectTo(room, ada, bob);
    await adas.say('seen');
    const { seq } = await bobs.next('message');

    bobs.terminate();
    for (let count = 0; count < 120; count += 1) adas.send({ content: `missed ${count}` });
    await adas.settled();
    const again = await server.socket(`/ws/room/${room.id}?after_seq=${seq}`, bob);

    expect(await everySeqUpTo(again, 121)).toEqual(from(2, 121));
  });
});

/** Every seq that arrived, from pages and live frames, in the order of arrival, up to and with `last`. */
async function everySeqUpTo(client: SocketClient, last: number): Promise<number[]> {
  await client.settled();
  const seen = () =>
    client.inbox.flatMap((frame) => {
      if (frame.type === 'message_history') return frame.messages.map((message) => message.seq);
      return frame.type === 'message' ? [frame.seq] : [];
    });
  while (!seen().includes(last)) await client.settled();
  return seen();
}
