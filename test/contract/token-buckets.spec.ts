import { describe, expect, it } from '@jest/globals';
import { networkOf } from '../../src/identity/client-origin.js';
import { TokenBucket } from '../../src/connections/token-bucket.js';
import { TokenBuckets } from '../../src/connections/token-buckets.js';

const SECOND = 1_000;

describe('A crowd that a bucket sends away', () => {
  /** Comes at once, and again when it was told to. Gives how often and how late each got in, in seconds. */
  function run(crowd: number, perSecond: number, burst: number): { attempts: number; late: number }[] {
    const bucket = new TokenBucket({ perSecond, burst }, 0);
    const coming = Array.from({ length: crowd }, (_, index) => ({ at: index / 10, attempts: 0 }));
    const inside: { attempts: number; late: number }[] = [];
    while (coming.length > 0) {
      coming.sort((one, other) => other.at - one.at);
      const next = coming.pop();
      if (!next) break;
      next.attempts += 1;
      if (bucket.take(next.at)) inside.push({ attempts: next.attempts, late: next.at / SECOND });
      else coming.push({ ...next, at: next.at + bucket.secondsInLine(next.at) * SECOND });
    }
    return inside;
  }

  it('gets in at the rate of the bucket, nearly everybody at the time that they were told', () => {
    const inside = run(1_000, 50, 100);

    expect(Math.max(...inside.map(({ attempts }) => attempts))).toBeLessThanOrEqual(3);
    expect(inside.filter(({ attempts }) => attempts > 2).length).toBeLessThan(50);
    expect(Math.max(...inside.map(({ late }) => late))).toBeLessThan(20);
  });

  it('of any size gets in after a few tries, none of which is more than half a minute away', () => {
    const inside = run(5_000, 50, 100);

    expect(Math.max(...inside.map(({ attempts }) => attempts))).toBeLessThanOrEqual(12);
    expect(Math.max(...inside.map(({ late }) => late))).toBeLessThan(130);
  });

  it('is told whole seconds of at least one', () => {
    const bucket = new TokenBucket({ perSecond: 1_000, burst: 1 }, 0);
    bucket.take(0);

    const waits = Array.from({ length: 3_000 }, () => bucket.secondsInLine(0));

    expect(waits.every((wait) => Number.isInteger(wait) && wait >= 1)).toBe(true);
    expect(waits.at(-1)).toBe(3);
  });
});

describe('Buckets by key', () => {
  const rate = { perSecond: 1, burst: 2 };

  it('are apart from each other', () => {
    const buckets = new TokenBuckets<string>(rate);

    const takes = ['a', 'a', 'a', 'b'].map((key) => buckets.of(key, 0).take(0));

    expect(takes).toEqual([true, true, false, true]);
  });

  it('are forgotten once they are full', () => {
    const buckets = new TokenBuckets<number>(rate);
    for (let key = 0; key < 9_000; key += 1) buckets.of(key, 0).take(0);

    for (let key = 0; key < 9_000; key += 1) buckets.of(-key, 10 * SECOND).take(10 * SECOND);

    expect(buckets.size).toBeLessThanOrEqual(10_000);
  });

  it('take a bounded amount of memory, however many come in one moment', () => {
    const buckets = new TokenBuckets<number>(rate);

    for (let key = 0; key < 1_000_000; key += 1) buckets.of(key, 0).take(0);

    expect(buckets.size).toBeLessThanOrEqual(200_000);
    expect(buckets.of(999_999, 0).left).toBe(1);
  });
});

describe('An address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:443', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:0201', '192.0.2.1'],
    ['[::ffff:192.0.2.1]:443', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['[2001:0DB8:1:0002::1]:443', '2001:db8:1:2::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['', ''],
    ['unknown', 'unknown'],
    ['::nonsense', '::nonsense'],
    [':'.repeat(64), ':'.repeat(64)],
  ])('%s is counted as %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
