import { describe, expect, it } from '@jest/globals';
import { faultsOf, firstRoundOf, type FaultStep } from '../faults/fault-plan.js';
import { optionsOf } from '../faults/options.js';
import { contentOf, planOf } from '../faults/plan.js';
import { Random } from '../faults/random.js';

const { faults: ALL } = optionsOf([]);
const { faults: OF_NODES } = optionsOf(['--nodes', '3']);

function steps(seed: string, count: number, faults = ALL): FaultStep[] {
  const plan = faultsOf(new Random(seed), faults);
  return Array.from({ length: count }, () => plan.next().value);
}

describe('The plan of a fault run', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(steps('one', 200)).toEqual(steps('one', 200));
    expect(steps('one', 200)).not.toEqual(steps('two', 200));
    expect(planOf(new Random('one'), 12)).toEqual(planOf(new Random('one'), 12));
    expect(planOf(new Random('one'), 12)).not.toEqual(planOf(new Random('two'), 12));
  });

  it.each(['a', 'b', 'ci'])('has every kind in its first round, and every combination (%s)', (seed) => {
    const round = steps(seed, firstRoundOf(ALL));

    expect(new Set(round.map(({ kind }) => kind))).toEqual(ALL);
    const killed = round.filter(({ killAfter }) => killAfter !== undefined).map(({ kind }) => kind);
    expect(killed.sort()).toEqual(['full', 'lock', 'pause']);
    const moments = round.filter(({ kind }) => kind === 'kill').map(({ killAt }) => killAt);
    expect(new Set(moments)).toEqual(new Set(['once', 'ack', 'message']));
    const terms = round.filter(({ kind }) => kind === 'term').map(({ secondAfter }) => typeof secondAfter);
    expect(terms.sort()).toEqual(['number', 'undefined']);
    expect(round.some(({ kind, milliseconds }) => kind === 'lock' && milliseconds > 5_000)).toBe(true);
  });

  it('has what several nodes share, and no disk of their own', () => {
    const round = steps('a', firstRoundOf(OF_NODES), OF_NODES);

    expect(new Set(round.map(({ kind }) => kind))).toEqual(OF_NODES);
    expect(OF_NODES.has('full')).toBe(false);
    expect(OF_NODES.has('redis-way')).toBe(true);
    expect(ALL.has('redis-way')).toBe(false);
  });

  it('has only the kinds that are asked for', () => {
    const { faults } = optionsOf(['--faults', 'cut,pause']);

    expect(new Set(steps('a', 100, faults).map(({ kind }) => kind))).toEqual(faults);
    expect(steps('a', 100, faults).every(({ killAfter }) => killAfter === undefined)).toBe(true);
  });

  it('writes texts that every door takes: 1 to 3000 code points, no lone surrogate, no U+0000', () => {
    const random = new Random('texts');
    const texts = Array.from({ length: 2_000 }, () => contentOf(random));

    const lengths = texts.map((text) => [...text].length);
    expect(Math.min(...lengths)).toBe(1);
    expect(Math.max(...lengths)).toBeGreaterThan(2_000);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(3_000);
    expect(texts.filter((text) => !text.isWellFormed() || text.includes('\0'))).toEqual([]);
  });
});

describe('The options of a fault run', () => {
  it.each([
    [['--kills', '0']],
    [['--kills', 'many']],
    [['--faults', 'fire']],
    [['--faults', 'redis']],
    [['--nodes', '0']],
    [['--nodes', '2', '--faults', 'full']],
    [['--what']],
    [['x']],
  ])('refuse %j', (args) => {
    expect(() => optionsOf(args)).toThrow();
  });

  it('make a new seed for each run that names none', () => {
    expect(optionsOf([]).seed).not.toBe(optionsOf([]).seed);
    expect(optionsOf(['--seed', 'mine']).seed).toBe('mine');
  });
});
