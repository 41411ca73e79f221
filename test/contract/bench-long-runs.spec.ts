import { describe, expect, it } from '@jest/globals';
import { stepsOf } from '../../bench/growth.js';
import { readingOf } from '../../bench/reading.js';
import { growthOf } from '../../bench/soak.js';

describe('The steps of growth', () => {
  it('let one thing grow, with about as many messages on their way', () => {
    for (const { rooms, talking, members, senders, window } of [...stepsOf(false), ...stepsOf(true)]) {
      expect(talking).toBeLessThanOrEqual(rooms);
      expect(rooms * members).toBeLessThanOrEqual(15_000);
      expect(senders).toBeLessThanOrEqual(members);
      expect(window).toBeLessThan(256); // the generator remembers so many of a sender
    }
    const of = (wanted: string) => stepsOf(false).filter(({ what }) => what === wanted);
    const underWay = (wanted: string) =>
      of(wanted).map(({ talking, senders, window }) => talking * senders * window);
    for (const what of ['connections', 'connections that talk']) {
      expect(of(what).map(({ rooms, members }) => rooms * members)).toEqual([1_000, 5_000, 15_000]);
    }
    expect(of('rooms').map(({ rooms }) => rooms)).toEqual([10, 1_000, 10_000]);
    expect(underWay('connections')).toEqual([1_000, 1_000, 1_000]);
    expect(underWay('connections that talk')).toEqual([1_000, 1_000, 1_500]);
    expect(underWay('rooms')).toEqual([1_000, 1_000, 1_000]);
    expect(underWay('rooms that talk')).toEqual([1_000, 1_000, 10_000]);
    expect(of('messages in the log').map(({ messages }) => messages)).toEqual([0, 5_000_000]);
  });
});

describe('The growth that a soak finds', () => {
  const load = (p99: number) => readingOf(JSON.stringify({ p99_ms: p99 }));
  const minute = (at: number, liveHeapMiB: number) => ({
    minute: at,
    residentMiB: 100,
    anonymousMiB: 80,
    liveHeapMiB,
    loads: { big: load(at === 1 ? 900 : 5), small: load(2) },
  });

  it('is an hour of the straight line through the minutes after the first quarter', () => {
    const minutes = [60, 20, 21, 22, 23, 24, 25, 26].map((heap, index) => minute(index + 1, heap));

    expect(growthOf(minutes, 60).liveHeapMiB).toBeCloseTo(60);
    expect(growthOf(minutes, 60)).toMatchObject({ residentMiB: 0, p99BigMs: 0, p99SmallMs: 0 });
    expect(growthOf(minutes, 10).liveHeapMiB).toBeCloseTo(360);
  });

  it('is unknown after one minute', () => {
    expect(growthOf([minute(1, 20)], 60).liveHeapMiB).toBeUndefined();
  });
});
