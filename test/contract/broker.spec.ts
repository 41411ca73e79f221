import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Broker } from '../../src/connections/broker/broker.js';
import type { Envelope } from '../../src/connections/broker/envelope.js';
import { MemoryBroker } from '../../src/connections/broker/memory-broker.js';
import { RedisBroker } from '../../src/connections/broker/redis-broker.js';
import { RedisLink } from '../../src/connections/broker/redis-link.js';
import { hasRedis, TEST_REDIS } from '../support/services.js';
import { until } from '../support/until.js';

/** Every broker, under the same suite. */
const BROKERS: [string, () => Broker][] = [['memory', () => new MemoryBroker()]];
if (hasRedis) BROKERS.push(['Redis', () => new RedisBroker(new RedisLink(TEST_REDIS), `${randomUUID()}:`)]);

const frame = (topic: string, text: string): Envelope => ({ kind: 'frame', topic, frame: Buffer.from(text) });
const textOf = (envelope: Envelope) =>
  envelope.kind === 'frame' ? envelope.frame.toString() : envelope.kind;

describe.each(BROKERS)('The %s broker', (_, make) => {
  let broker: Broker;
  let received: Envelope[];
  const arrived = (count: number) =>
    until(
      async () => {
        await new Promise((resolve) => setImmediate(resolve));
        return received.length;
      },
      (length) => length >= count,
    );
  beforeEach(async () => {
    broker = make();
    received = [];
    broker.receiveWith((envelope) => received.push(envelope));
    await until(
      async () => {
        await new Promise((resolve) => setImmediate(resolve));
        return broker.isWhole;
      },
      (isWhole) => isWhole,
    );
  });
  afterEach(() => broker.close());

  it('brings back to its own node what was published to a topic that is listened to', async () => {
    await broker.listen('room:1');

    broker.publish(frame('room:1', 'hello'));
    await arrived(1);

    expect(received.map(textOf)).toEqual(['hello']);
  });

  it('keeps the order of what one node publishes', async () => {
    await broker.listen('room:1');
    const texts = Array.from({ length: 1_000 }, (_, index) => `${index}`);

    for (const text of texts) broker.publish(frame('room:1', text));
    await arrived(texts.length);

    expect(received.map(textOf)).toEqual(texts);
  });

  it('brings nothing of other topics, and nothing any more when nobody listens', async () => {
    await broker.listen('room:1');
    await broker.listen('room:3');
    broker.publish(frame('room:2', 'elsewhere'));
    broker.unlisten('room:1');
    broker.publish(frame('room:1', 'late'));
    broker.publish(frame('room:3', 'here'));
    await arrived(1);

    expect(received.map(textOf)).toEqual(['here']);
  });

  it('brings a topic again that is listened to again', async () => {
    await broker.listen('room:1');
    broker.unlisten('room:1');
    await broker.listen('room:1');
    broker.publish(frame('room:1', 'again'));
    await arrived(1);

    expect(received.map(textOf)).toEqual(['again']);
  });

  it('brings commands as it brings frames, once', async () => {
    await broker.listen('user:7');

    broker.publish({ kind: 'disconnect', topic: 'user:7', userId: 7, sessionIds: ['s'] });
    broker.publish(frame('user:7', 'after it'));
    await arrived(2);

    expect(received).toHaveLength(2);
    expect(received[0]).toEqual({ kind: 'disconnect', topic: 'user:7', userId: 7, sessionIds: ['s'] });
  });

  it('asks nobody where there are no other nodes: its own question does not come back', async () => {
    await broker.listen('nodes');
    const question = { kind: 'question', topic: 'nodes', id: 'q', answerTo: 'node:a' } as const;

    expect(await broker.askOthers({ ...question, body: Buffer.from('who is there?') })).toBe(0);
    broker.publish(frame('nodes', 'after it'));
    await arrived(1);

    expect(received.map(textOf)).toEqual(['after it']);
  });

  it('takes what is offered for this node alone, if it is listened to', async () => {
    await broker.listen('room:1');
    broker.offer(frame('room:2', 'for nobody'));
    broker.offer(frame('room:1', 'read from the log'));
    await arrived(1);

    expect(received.map(textOf)).toEqual(['read from the log']);
  });
});
