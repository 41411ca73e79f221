import { afterAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { HashThreads } from '../../src/users/hash-threads.js';

const COST = 4;
const isLinux = process.platform === 'linux';

/** The nice values of all threads of this process: field 19 of proc(5)'s stat, behind the name in brackets. */
function priorities(): number[] {
  return readdirSync('/proc/self/task').map((thread) => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  });
}

describe('Threads that hash passwords', () => {
  const threads = new HashThreads();
  afterAll(() => threads.onApplicationShutdown());

  it('know a password again, and no other', async () => {
    const hash = await threads.hash('correct horse', COST);

    expect(hash).toMatch(/^\$2b\$04\$/);
    expect(await threads.compare('correct horse', hash)).toBe(true);
    expect(await threads.compare('correct hors', hash)).toBe(false);
  });

  it('hash several at once, each for whom it was asked', async () => {
    const passwords = Array.from({ length: 20 }, (_, index) => `password ${index}`);
    const hashes = await Promise.all(passwords.map((password) => threads.hash(password, COST)));
    const matches = passwords.map((password, index) => threads.compare(password, hashes[index] ?? ''));

    expect(await Promise.all(matches)).toEqual(passwords.map(() => true));
  });

  it(
    isLinux
      ? 'have a lower priority than everything else in the process'
      : 'keep the priority of the process: only Linux has one for each thread',
    async () => {
      await threads.hash('x', COST);
      const below = isLinux
        ? priorities().filter((nice) => nice === constants.priority.PRIORITY_BELOW_NORMAL)
        : [];

      expect(below.length > 0).toBe(isLinux);
      expect(isLinux ? Math.min(...priorities()) : 0).toBe(0);
    },
  );

  it('fail what they were asked when they end, and are started anew', async () => {
    const ending = new HashThreads();
    const asked = ending.hash('x', 12);
    const refusal = expect(asked).rejects.toThrow(/ended while/);
    await ending.onApplicationShutdown();
    await refusal;

    expect(await ending.hash('x', COST)).toMatch(/^\$2b\$04\$/);
    await ending.onApplicationShutdown();
  });
});
