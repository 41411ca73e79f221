import { describe, expect, it } from '@jest/globals';
import { GrowingWaits } from '../../src/auth/growing-waits.js';

const SECOND = 1_000;
const RULE = { patience: 3, first: SECOND, longest: 60 * SECOND, memory: 3_600 * SECOND };

function afterFailures(count: number, patience?: number): GrowingWaits {
  const waits = new GrowingWaits(RULE);
  for (let failure = 0; failure < count; failure += 1) waits.fail('ada', 0, patience);
  return waits;
}

describe('Growing waits', () => {
  it.each([
    [0, 0],
    [2, 0],
    [3, 1],
    [4, 2],
    [7, 16],
    [9, 60],
    [5_000, 60],
  ])('after %d failures are %d seconds', (failures, seconds) => {
    expect(afterFailures(failures).left('ada', 0)).toBe(seconds * SECOND);
  });

  it('pass by', () => {
    const waits = afterFailures(4);

    expect(waits.left('ada', 1_500)).toBe(500);
    expect(waits.left('ada', 2_000)).toBe(0);
    expect(waits.left('ada', 99_000)).toBe(0);
  });

  it('are nobody else’s', () => {
    expect(afterFailures(9).left('bob', 0)).toBe(0);
  });

  it('begin earlier for who deserves less patience', () => {
    expect(afterFailures(1, 1).left('ada', 0)).toBe(SECOND);
  });

  it('grow on when the next failure comes after a wait', () => {
    const waits = afterFailures(4);
    waits.fail('ada', 10 * SECOND);

    expect(waits.left('ada', 10 * SECOND)).toBe(4 * SECOND);
  });

  it('are forgotten when nothing has failed for long enough', () => {
    const waits = afterFailures(9);

    expect(waits.count('ada', RULE.memory)).toBe(9);
    expect(waits.count('ada', RULE.memory + 1)).toBe(0);
    waits.fail('ada', RULE.memory + 1);
    expect(waits.left('ada', RULE.memory + 1)).toBe(0);
  });

  it('end with a success, and give back what was counted too early', () => {
    const waits = afterFailures(3);
    waits.takeBack('ada');
    expect([waits.left('ada', 0), waits.count('ada', 0)]).toEqual([0, 2]);

    waits.forget('ada');
    expect(waits.count('ada', 0)).toBe(0);
  });

  it('forget whoever has been quiet for longest when there are too many', () => {
    const waits = afterFailures(9);
    for (let key = 0; key < 50_000; key += 1) waits.fail(`key ${key}`, 1);

    expect(waits.count('ada', 1)).toBe(0);
    expect(waits.count('key 0', 1)).toBe(1);
  });
});
