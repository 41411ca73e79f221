import { describe, expect, it } from '@jest/globals';
import { Broker } from '../../src/connections/broker/broker.js';
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
const publish = (seq: number) =>
  server.inside(Broker).publish({
    kind: 'frame',
    topic: roomTopic(ROOM),
    seq,
    frame: encodeFrame({ type: 'message', room_id: ROOM, ...message(seq) }),
  });
const page = (from: number, to: number, head: number): BacklogPage => ({
  upTo: to,
  frame: {
    type: 'message_history',
    room_id: ROOM,
    messages: Array.from({ length: to - from + 1 }, (_, index) => message(from + index)),
    head_seq: head,
    has_more: to < head,
  },
});

async function listen(after: CatchUp['after']): Promise<SocketClient> {
  const ada = await server.person('ada');
  const client = await server.socket('/ws/auth', ada);
  const registry = server.inside(ConnectionRegistry);
  const [connection] = registry.connectionsOf(ada.id);
  if (!connection) throw new Error('The server does not know of the socket.');
  const subscription = await registry.subscribe(connection, roomTopic(ROOM));
  await subscription.catchUp({ after, latest: () => Promise.resolve(page(1, 0, 0)) }, 0);
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
    const client = await listen(() => Promise.resolve(page(1, 3, 3)));

    for (const seq of [2, 3, 4]) publish(seq);

    await client.settled();
    expect(seqsOf(client)).toEqual(upTo(4));
  });

  it('holds back what is published meanwhile', async () => {
    const client = await listen((_, cursor) => {
      if (cursor === 0) for (const seq of [2, 3, 4, 5]) publish(seq);
      return Promise.resolve(cursor === 0 ? page(1, 2, 3) : page(3, 3, 3));
    });

    publish(6);

    await client.settled();
    expect(seqsOf(client)).toEqual(upTo(6));
  });

  it('reads again what was too much to hold, and says so in has_more', async () => {
    const reads: number[] = [];
    const client = await listen((_, cursor) => {
      reads.push(cursor);
      if (cursor === 0) for (let seq = 2; seq <= 1_000; seq += 1) publish(seq);
      return Promise.resolve(cursor === 0 ? page(1, 1, 1) : page(2, 1_000, 1_000));
    });

    publish(1_001);

    await client.settled();
    expect(reads).toEqual([0, 1]);
    expect(seqsOf(client)).toEqual(upTo(1_001));
    expect(client.all('message_history').map((frame) => frame.has_more)).toEqual([true, false]);
  });

  it('sends nothing any more once the membership behind it has ended', async () => {
    const client = await listen((_, cursor) => Promise.resolve(page(cursor + 1, cursor + 1, cursor + 1)));
    const registry = server.inside(ConnectionRegistry);

    publish(2);
    for (const connection of [...registry.connections]) registry.unsubscribe(connection, roomTopic(ROOM));
    publish(3);

    await client.settled();
    expect(seqsOf(client)).toEqual([1, 2]);
  });
});
