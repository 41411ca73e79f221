import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { entriesEnvelope, type Envelope } from '../../src/connections/broker/envelope.js';
import { RedisBroker } from '../../src/connections/broker/redis-broker.js';
import { RedisLink } from '../../src/connections/broker/redis-link.js';
import { TEST_REDIS } from '../support/services.js';
import { until } from '../support/until.js';
import { Way } from '../support/way.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const eventually = (holds: () => boolean) =>
  until(
    async () => {
      await turn();
      return holds();
    },
    (isSo) => isSo,
  );

const entry = (seq: number) => ({ seq, frame: Buffer.from(`#${seq}`) });
const seqsOf = (envelopes: readonly Envelope[]) =>
  envelopes.flatMap((envelope) =>
    envelope.kind === 'entries' ? envelope.entries.map(({ seq }) => seq) : [],
  );
const seqs = (from: number, ...envelopes: number[]) =>
  entriesEnvelope(
    'room:1',
    envelopes.map((_, index) => entry(from + index)),
  );

describe('Two nodes', () => {
  let way: Way;
  let near: RedisBroker;
  let far: RedisBroker;
  let heard: Envelope[];
  let heardFar: Envelope[];
  let losses: number;
  beforeEach(async () => {
    way = await Way.to(TEST_REDIS);
    const prefix = `${randomUUID()}:`;
    near = new RedisBroker(new RedisLink(way.url), prefix);
    far = new RedisBroker(new RedisLink(TEST_REDIS), prefix);
    [heard, heardFar, losses] = [[], [], 0];
    near.receiveWith((envelope) => heard.push(envelope));
    far.receiveWith((envelope) => heardFar.push(envelope));
    near.onLoss(() => (losses += 1));
    await eventually(() => near.isWhole && far.isWhole);
    await Promise.all([near.listen('room:1'), far.listen('room:1')]);
    losses = 0;
  });
  afterEach(async () => {
    await Promise.all([near.close(), far.close()]);
    way.close();
  });

  it('hear from each other, and each of itself, once', async () => {
    near.publish(seqs(1, 1));
    await eventually(() => heardFar.length === 1 && heard.length === 1);
    far.publish(seqs(2, 2, 3));
    await eventually(() => heardFar.length === 2 && heard.length === 2);

    expect(seqsOf(heard)).toEqual([1, 2, 3]);
    expect(seqsOf(heardFar)).toEqual([1, 2, 3]);
    expect(losses).toBe(0);
  });

  it('hear what overtakes on its way in the order of the log', async () => {
    near.publish(seqs(1, 1));
    await eventually(() => heard.length === 1 && heardFar.length === 1);
    near.publish(seqs(3, 3));
    far.publish(seqs(4, 4));
    far.publish(seqs(2, 2));
    await eventually(() => seqsOf(heard).length === 4 && seqsOf(heardFar).length === 4);

    expect(seqsOf(heard)).toEqual([1, 2, 3, 4]);
    expect(seqsOf(heardFar)).toEqual([1, 2, 3, 4]);
  });

  it('ask for what does not come, and pass what followed it then', async () => {
    const asked: [string, number][] = [];
    near.fillHolesThrough(async (topic, after) => {
      asked.push([topic, after]);
      near.offer(seqs(2, 2));
    });
    near.publish(seqs(1, 1));
    near.publish(seqs(3, 3));
    await eventually(() => seqsOf(heard).length === 3);

    expect(asked).toEqual([['room:1', 1]]);
    expect(seqsOf(heard)).toEqual([1, 2, 3]);
  });

  it('ask each other: whoever asks knows how many have heard it, and each answer comes back', async () => {
    const body = Buffer.from('who is there?');
    const question = { kind: 'question', topic: 'nodes', id: 'q', answerTo: 'node:near', body } as const;
    expect(await near.askOthers(question)).toBe(0);
    await Promise.all([near.listen('nodes'), near.listen('node:near'), far.listen('nodes')]);

    expect(await near.askOthers(question)).toBe(1);
    await eventually(() => heardFar.length === 1);
    far.publish({ kind: 'answer', topic: 'node:near', id: 'q', body: Buffer.from('I am') });
    await eventually(() => heard.length === 1);

    expect(heardFar).toEqual([question]);
    expect(heard).toEqual([{ kind: 'answer', topic: 'node:near', id: 'q', body: Buffer.from('I am') }]);
    way.cut();
    await eventually(() => !near.isWhole);
    expect(await near.askOthers(question)).toBe(0);
  });

  it('lose nothing of their own while one is cut off from Redis, know it, and hear again afterwards', async () => {
    way.cut();
    await eventually(() => !near.isWhole);
    expect(losses).toBe(1);
    near.publish(seqs(1, 1));
    await near.listen('room:2');
    near.publish({ kind: 'frame', topic: 'room:2', frame: Buffer.from('here') });
    await eventually(() => heard.length === 2);
    far.publish(seqs(2, 2));
    await eventually(() => heardFar.length === 1);

    way.mend();
    await eventually(() => near.isWhole);
    expect(losses).toBe(2);
    far.publish(seqs(3, 3));
    far.publish({ kind: 'frame', topic: 'room:2', frame: Buffer.from('there') });
    near.fillHolesThrough(async () => near.offer(seqs(2, 2)));
    await eventually(() => heard.length === 5);

    expect(seqsOf(heard)).toEqual([1, 2, 3]);
    expect(seqsOf(heardFar)).toEqual([2, 3]);
  });
});
