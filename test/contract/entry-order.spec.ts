import { beforeEach, describe, expect, it } from '@jest/globals';
import { EntryOrder } from '../../src/connections/broker/entry-order.js';
import { entriesEnvelope } from '../../src/connections/broker/envelope.js';

const TOPIC = 'room:1';
const entries = (...places: number[]) =>
  entriesEnvelope(
    TOPIC,
    places.map((seq) => ({ seq, frame: Buffer.from(`#${seq} `) })),
  );

describe('Entries of several nodes', () => {
  let passed: number[];
  let bytes: string;
  let holes: number[];
  let settle: () => void;
  let order: EntryOrder;
  beforeEach(() => {
    [passed, bytes, holes] = [[], '', []];
    order = new EntryOrder(
      ({ entries: all, joined }) => {
        passed.push(...all.map(({ seq }) => seq));
        bytes += joined.toString();
      },
      (_, after) =>
        new Promise((resolve) => {
          holes.push(after);
          settle = resolve;
        }),
    );
  });
  /** Resolves when the order has asked for what is missing. */
  const asked = async () => {
    while (holes.length === 0) await new Promise((resolve) => setImmediate(resolve));
  };
  const settled = async () => {
    settle();
    await new Promise((resolve) => setImmediate(resolve));
  };

  it('begin wherever the first of them is', () => {
    order.offer(entries(7, 8));
    expect(passed).toEqual([7, 8]);
  });

  it('wait for what belongs before them', () => {
    for (const places of [[1], [4, 5], [3], [7], [2]]) order.offer(entries(...places));
    expect(passed).toEqual([1, 2, 3, 4, 5]);
    order.offer(entries(6));
    expect(passed).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(holes).toEqual([]);
  });

  it('are passed once, whole or in part, with the bytes of those alone', () => {
    order.offer(entries(1, 2));
    order.offer(entries(1, 2));
    order.offer(entries(2, 3, 4));
    order.offer(entries(3));

    expect(passed).toEqual([1, 2, 3, 4]);
    expect(bytes).toBe('#1 #2 #3 #4 ');
  });

  it('are asked for when they do not come, and what was read is passed before what waited', async () => {
    order.offer(entries(1));
    order.offer(entries(4));
    await asked();
    order.offer(entries(2, 3));
    await settled();

    expect(holes).toEqual([1]);
    expect(passed).toEqual([1, 2, 3, 4]);
  });

  it('go on without what is nowhere to be found', async () => {
    order.offer(entries(1));
    for (const places of [[5], [3], [8]]) order.offer(entries(...places));
    await asked();
    await settled();
    order.offer(entries(9));

    expect(passed).toEqual([1, 3, 5, 8, 9]);
  });

  it('do not pile up behind a hole', () => {
    order.offer(entries(1));
    for (let seq = 3; seq < 400; seq += 1) order.offer(entries(seq));

    expect(passed.slice(0, 3)).toEqual([1, 3, 4]);
    expect(passed.at(-1)).toBeGreaterThan(250);
  });

  it('begin anew when nobody listens to their topic any more', () => {
    order.offer(entries(1));
    order.offer(entries(5));
    order.forget(TOPIC);
    order.offer(entries(3));

    expect(passed).toEqual([1, 3]);
  });
});
