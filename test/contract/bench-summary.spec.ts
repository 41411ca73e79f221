import { describe, expect, it } from '@jest/globals';
import type { PeerName } from '../../bench/names.js';
import { optionsOf, UsageError } from '../../bench/options.js';
import { flawsOf } from '../../bench/reading.js';
import { rotated, type Run } from '../../bench/rounds.js';
import { ALL_SCENARIOS, type Scenario } from '../../bench/scenarios.js';
import { median, percentile, ratioByRound, slope } from '../../bench/statistics.js';
import { summaryOf } from '../../bench/summary.js';
import { ratesOf } from '../../bench/sweep.js';
import { flawedRuns, progressOf, tableOf } from '../../bench/tables.js';

describe('The statistics of the bench', () => {
  it('know the median, and that nothing has none', () => {
    expect(median([5])).toBe(5);
    expect(median([9, 1, 5])).toBe(5);
    expect(median([10, 9, 1, 2])).toBe(5.5);
    expect(median([])).toBeUndefined();
  });

  it('take the nearest rank as a percentile', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

    expect(percentile(hundred, 99)).toBe(99);
    expect(percentile(hundred, 100)).toBe(100);
    expect(percentile([7], 50)).toBe(7);
    expect(percentile([], 50)).toBeUndefined();
  });

  it('divide round by round, so that a slow round slows both', () => {
    const ours = new Map([[1, 100], [2, 10], [3, 90], [4, 50]]); // prettier-ignore
    const theirs = new Map([[1, 50], [2, 5], [3, 30], [5, 1]]); // prettier-ignore

    expect(ratioByRound(ours, theirs)).toEqual({ median: 2, least: 2, most: 3 });
    expect(ratioByRound(ours, new Map([[1, 0], [9, 4]]))).toBeUndefined(); // prettier-ignore
  });

  it('find the slope of a line, and none where there is no line', () => {
    expect(slope([{ x: 0, y: 1 }, { x: 1, y: 3 }, { x: 2, y: 5 }])).toBeCloseTo(2); // prettier-ignore
    expect(slope([{ x: 0, y: 1 }, { x: 1, y: 2 }, { x: 2, y: 0 }, { x: 3, y: 1 }])).toBeCloseTo(-0.2); // prettier-ignore
    expect(slope([{ x: 1, y: 1 }])).toBeUndefined();
    expect(slope([{ x: 1, y: 1 }, { x: 1, y: 2 }])).toBeUndefined(); // prettier-ignore
  });
});

const FAN: Scenario = ALL_SCENARIOS.filter(({ name }) => name === 'fan10')[0] ?? failNoScenario();

function failNoScenario(): never {
  throw new Error('There is no scenario fan10.');
}

function run(peer: PeerName, round: number, deliveries: number, more: object = {}): Run {
  const fields = { rooms: 100, senders: 10, window: 1, rate: 0, sent: 1e6, deliv_s: deliveries, ...more };
  return { scenario: 'fan10', peer, round, at: '2026-01-01T00:00:00.000Z', fields, flaws: flawsOf(fields) };
}

function deliveriesOf(runs: readonly Run[], peer: PeerName) {
  const row = summaryOf(FAN, runs).rows.find((candidate) => candidate.peer === peer);
  const cell = row?.cells.find(({ title }) => title === 'deliveries/s');
  return {
    median: cell?.median,
    ratio: cell?.parlorIs?.median,
    flaw: row?.flaw,
    counted: row?.counted,
    runs: row?.runs,
  };
}

describe('The summary of a scenario', () => {
  const ours = [run('parlor', 1, 100), run('parlor', 2, 110), run('parlor', 3, 120)];

  it('has medians, and what Parlor is of each peer', () => {
    const runs = [...ours, run('ws-bare', 1, 50), run('ws-bare', 2, 55), run('ws-bare', 3, 40)];

    expect(deliveriesOf(runs, 'ws-bare')).toEqual({
      median: 50,
      ratio: 2,
      flaw: undefined,
      counted: 3,
      runs: 3,
    });
    expect(deliveriesOf(runs, 'parlor')).toMatchObject({ median: 110, ratio: undefined });
  });

  it('leaves a broken run out, and says so', () => {
    const runs = [...ours, run('nest', 1, 50), run('nest', 2, 9_999, { lost: 1 }), run('nest', 3, 60)];

    expect(deliveriesOf(runs, 'nest')).toEqual({
      median: 55,
      ratio: 2,
      flaw: undefined,
      counted: 2,
      runs: 3,
    });
    expect(tableOf(summaryOf(FAN, runs))).toContain('2 of 3');
    expect(flawedRuns(runs)).toContain('fan10, nest, round 2: does not count: 1 deliveries lost');
    expect(runs.map((one) => progressOf(one, [])).filter((line) => line.includes('!!'))).toHaveLength(1);
  });

  it('shows no number for a peer whose runs were all broken, Parlor included', () => {
    const runs = [run('parlor', 1, 100, { dup: 1 }), run('nest', 1, 50)];

    expect(deliveriesOf(runs, 'parlor')).toMatchObject({ median: undefined, counted: 0, runs: 1 });
    expect(deliveriesOf(runs, 'nest')).toMatchObject({ median: 50, ratio: undefined });
    expect(tableOf(summaryOf(FAN, runs))).toContain('0 of 1');
  });

  it('marks what the generator bounded, and takes it only when there is nothing better', () => {
    const bound = { lg_cpu: 99 };
    const only = [...ours, run('ws-coalesce', 1, 400, bound), run('ws-coalesce', 2, 500, bound)];

    expect(deliveriesOf(only, 'ws-coalesce')).toMatchObject({ median: 450, flaw: 'floor', counted: 2 });
    expect(tableOf(summaryOf(FAN, only))).toMatch(/ws-coalesce +>= 450 +<= x 0\.2\d/);
    const better = [...only, run('ws-coalesce', 3, 300)];
    expect(deliveriesOf(better, 'ws-coalesce')).toMatchObject({ median: 300, flaw: undefined, counted: 1 });
    expect(tableOf(summaryOf(FAN, better))).toContain('1 of 3');
  });

  it('puts what came out of order in brackets', () => {
    const runs = [...ours, run('nest', 1, 50, { gaps: 4, late: 4 })];

    expect(deliveriesOf(runs, 'nest')).toMatchObject({ median: 50, ratio: 2, flaw: 'disorder' });
    expect(tableOf(summaryOf(FAN, runs))).toMatch(/nest +\(50\) +\(x 2\.00\)/);
    expect(flawedRuns(runs)).toContain('out of order');
  });
});

describe('The options of the bench', () => {
  it('have defaults, smaller ones with --quick, and the order of the table', () => {
    expect(optionsOf([])).toMatchObject({ command: 'compare', rounds: 3, seconds: 4, durability: 'full' });
    expect(optionsOf(['--quick'])).toMatchObject({ rounds: 1, seconds: 1, quick: true });
    expect(optionsOf(['--quick', '--seconds', '2'])).toMatchObject({ rounds: 1, seconds: 2 });
    expect(optionsOf(['--only', 'fan2, fan1000']).only).toEqual(['fan1000', 'fan2']);
    expect(optionsOf(['--peers', 'nest,parlor']).peers).toEqual(['parlor', 'nest']);
    expect(optionsOf(['soak', '--minutes', '5'])).toMatchObject({ command: 'soak', minutes: 5 });
  });

  it.each([
    [['--rounds', '0']],
    [['--seconds', 'many']],
    [['--only', 'fan3']],
    [['--peers', '']],
    [['--durability', 'none']],
    [['--what']],
    [['walk']],
    [['storm', 'soak']],
  ])('refuse %j', (args) => {
    expect(() => optionsOf(args)).toThrow(UsageError);
  });
});

describe('The plan of the bench', () => {
  it('lets another peer begin in each round', () => {
    expect([0, 1, 2, 3].map((round) => rotated(['a', 'b', 'c'], round).join(''))).toEqual([
      'abc',
      'bca',
      'cab',
      'abc',
    ]);
    expect(rotated([], 2)).toEqual([]);
  });

  it('offers more and more, in steps of at most a doubling', () => {
    const rates = ratesOf(false);

    expect(rates).toContain(4_000);
    expect(rates.at(-1)).toBe(64_000);
    expect(ratesOf(true)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000]);
    expect(rates.slice(1).every((rate, index) => rate > (rates[index] ?? rate))).toBe(true);
  });
});
