import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Broker } from '../../src/connections/broker/broker.js';
import type { Envelope } from '../../src/connections/broker/envelope.js';
import { MemoryBroker } from '../../src/connections/broker/memory-broker.js';

/** Every broker, under the same suite. */
const BROKERS: [string, () => Broker][] = [['memory', () => new MemoryBroker()]];

const frame = (topic: string, text: string): Envelope => ({ kind: 'frame', topic, frame: Buffer.from(text) });
const textOf = (envelope: Envelope) =>
  envelope.kind === 'frame' ? envelope.frame.toString() : envelope.kind;

describe.each(BROKERS)('The %s broker', (_, make) => {
  let broker: Broker;
  let received: Envelope[];
  beforeEach(() => {
    broker = make();
    received = [];
    broker.receiveWith((envelope) => received.push(envelope));
  });

  it('brings back to its own node what was published to a topic that is listened to', async () => {
    await broker.listen('room:1');

    broker.publish(frame('room:1', 'hello'));
    await broker.listen('room:2');

    expect(received.map(textOf)).toEqual(['hello']);
  });

  it('keeps the order of what one node publishes', async () => {
    await broker.listen('room:1');
    const texts = Array.from({ length: 1_000 }, (_, index) => `${index}`);

    for (const text of texts) broker.publish(frame('room:1', text));
    await broker.listen('room:2');

    expect(received.map(textOf)).toEqual(texts);
  });

  it('brings nothing of other topics, and nothing any more when nobody listens', async () => {
    await broker.listen('room:1');
    broker.publish(frame('room:2', 'elsewhere'));
    broker.unlisten('room:1');
    broker.publish(frame('room:1', 'late'));
    await broker.listen('room:3');
    broker.publish(frame('room:3', 'here'));

    expect(received.map(textOf)).toEqual(['here']);
  });

  it('brings commands as it brings frames', async () => {
    await broker.listen('user:7');

    broker.publish({ kind: 'disconnect', topic: 'user:7', userId: 7, sessionIds: ['s'] });
    await broker.listen('user:8');

    expect(received).toEqual([{ kind: 'disconnect', topic: 'user:7', userId: 7, sessionIds: ['s'] }]);
  });
});
