import { describe, expect, it } from '@jest/globals';
import { Broker } from '../../src/connections/broker/broker.js';
import { entriesEnvelope } from '../../src/connections/broker/envelope.js';
import type { BacklogPage, CatchUp } from '../../src/connections/catch-up.js';
import { ConnectionRegistry } from '../../src/connections/connection-registry.js';
import { roomTopic } from '../../src/connections/topics.js';
import { encodeFrame } from '../../src/protocol/encode-frame.js';
import type { HistoryMessage } from '../../src/protocol/server-frames.js';
import type { SocketClient } from '../support/socket-client.js';
import { runServer } from '../support/test-server.js';

const server = runServer();

const message = (seq: number): HistoryMessage => ({
  id: seq,
  seq,
  content: `text ${seq}`,
  user_id: 1,
  username: 'ada',
  timestamp: '2026-01-01T00:00:00.000Z',
  reply_to: null,
  edited_at: null,
});

/** A log that exists for the subscription only, in a room that no server knows of. */
const ROOM = 4_711;
/** As one commit that has added them all. */
const publish = (...seqs: number[]) => {
  const entries = seqs.map((seq) => ({
    seq,
    frame: encodeFrame({ type: 'message', room_id: ROOM, ...message(seq) }),
  }));
  server.inside(Broker).publish(entriesEnvelope(roomTopic(ROOM), entries));
};
const page = (from: number, to: number, head: number): BacklogPage => ({
  upTo: to,
  frame: {
    type: 'message_history',
    room_id: ROOM,
    messages: Array.from({ length: to - from + 1 }, (_, index) => message(from + index)),
    head_seq: head,
    epoch: 'now',
    has_more: to < head,
  },
});

async function listen(read: (after: number) => BacklogPage): Promise<SocketClient> {
  const ada = await server.person('ada');
  const client = await server.socket('/ws/auth', ada);
  const registry = server.inside(ConnectionRegistry);
  const [connection] = registry.connectionsOf(ada.id);
  if (!connection) throw new Error('The server does not know of the socket.');
  const subscription = await registry.subscribe(connection, roomTopic(ROOM));
  const log: CatchUp = {
    epoch: 'now',
    latest: () => Promise.resolve(page(1, 0, 0)),
    after: (_, cursor) => Promise.resolve(read(cursor.after)),
  };
  subscription.onHole = () => void subscription.catchUp(log, { after: subscription.sentUpTo });
  await subscription.catchUp(log, { after: 0 });
  return client;
}

/** Every seq in the order in which the client got it, from history and live frames alike. */
function seqsOf(client: SocketClient): number[] {
  return client.inbox.flatMap((frame) => {
    if (frame.type === 'message_history') return (frame.messages ?? []).map(({ seq }) => seq);
    return frame.type === 'message' && frame.seq !== undefined ? [frame.seq] : [];
  });
}
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

describe('A subscription that catches up', () => {
  it('does not repeat what was read before it was published', async () => {
    const client = await listen(() => page(1, 3, 3));

    for (const seq of [2, 3, 4]) publish(seq);

    await client.settled();
    expect(seqsOf(client)).toEqual(upTo(4));
  });

  it('holds back what is published meanwhile', async () => {
    const client = await listen((after) => {
      if (after === 0) return page(1, 2, 3);
      for (const seq of [2, 3, 4, 5]) publish(seq);
      return page(3, 3, 3);
    });

    publish(6);

    await client.settled();
    expect(seqsOf(client)).toEqual(upTo(6));
  });

  it('reads again what was too much to hold, and says so in has_more', async () => {
    const reads: number[] = [];
    const client = await listen((after) => {
      reads.push(after);
      if (after === 0) for (let seq = 2; seq <= 1_000; seq += 1) publish(seq);
      return after === 0 ? page(1, 1, 1) : page(2, 1_000, 1_000);
    });

    publish(1_001);

    await client.settled();
    expect(reads).toEqual([0, 1]);
    expect(seqsOf(client)).toEqual(upTo(1_001));
    expect(client.all('message_history').map((frame) => frame.has_more)).toEqual([true, false]);
  });

  it('leaves to the next page what is published between two of them', async () => {
    const client = await listen((after) => {
      if (after === 3) for (const seq of [5, 6]) publish(seq);
      return after < 3 ? page(after + 1, after + 1, 4) : page(4, 5, 5);
    });

    publish(7);

    await client.settled();
    expect(seqsOf(client)).toEqual(upTo(7));
  });

  it('reads what is missing when an envelope was lost, and goes on', async () => {
    const reads: number[] = [];
    const client = await listen((after) => {
      reads.push(after);
      return after === 0 ? page(1, 2, 2) : page(4, 5, 5);
    });

    for (const seq of [3, 5, 6]) publish(seq); // 4 never comes
    await client.next('message_history');
    await client.next('message_history');
    publish(6);

    await client.settled();
    expect(reads).toEqual([0, 3]);
    expect(seqsOf(client)).toEqual(upTo(6));
  });

  it('passes on as a whole what one commit has added, and of an overlap what is new', async () => {
    const client = await listen(() => page(1, 3, 3));

    publish(2, 3, 4, 5);
    publish(6, 7);

    await client.settled();
    expect(seqsOf(client)).toEqual(upTo(7));
  });

  it('reads what is missing before the entries of one commit', async () => {
    const reads: number[] = [];
    const client = await listen((after) => {
      reads.push(after);
      return after === 0 ? page(1, 2, 2) : page(3, 6, 6);
    });

    publish(4, 5, 6);
    await client.next('message_history');
    await client.next('message_history');
    publish(7, 8);

    await client.settled();
    expect(reads).toEqual([0, 2]);
    expect(seqsOf(client)).toEqual(upTo(8));
  });

  it('sends nothing any more once the membership behind it has ended', async () => {
    const client = await listen((after) => page(after + 1, after + 1, after + 1));
    const registry = server.inside(ConnectionRegistry);

    publish(2);
    for (const connection of [...registry.connections]) registry.unsubscribe(connection, roomTopic(ROOM));
    publish(3);

    await client.settled();
    expect(seqsOf(client)).toEqual([1, 2]);
  });
});
