import { describe, expect, it } from '@jest/globals';
import { flawsOf, readingOf, worstOf } from '../../bench/reading.js';
import { wrkNumbers } from '../../bench/rest-load.js';
import { deliveriesPerSecond } from '../../bench/scenarios.js';
import { pointOf } from '../../bench/sweep.js';

/** A line of the generator in which nothing is wrong. */
const SOUND = {
  mode: 'fanout',
  rooms: 1,
  members: 1000,
  senders: 10,
  window: 2,
  rate: 0,
  deliv_s: 50_000,
  deliv_s_total: 48_000,
  deliv_per_cpu_s: 60_000,
  p50_ms: 10,
  p99_ms: 20,
  sent: 400,
  delivered: 400_000,
  lost: 0,
  dup: 0,
  late: 0,
  gaps: 0,
  misrouted: 0,
  closed: 0,
  lg_cpu: 40.2,
  srv_cpu: 99.1,
  drained: true,
};
const lineOf = (fields: object): string => `${JSON.stringify({ ...SOUND, ...fields })}\n`;
const worstWith = (fields: object): string | undefined => worstOf(readingOf(lineOf(fields)));

describe('A line of the generator', () => {
  it('counts when everything came once, in order, and the generator had time left', () => {
    const { fields, flaws } = readingOf(lineOf({}));

    expect(flaws).toEqual([]);
    expect(fields.deliv_s).toBe(50_000);
    expect(worstWith({ lg_cpu: 94.9 })).toBeUndefined();
  });

  it.each(['lost', 'dup', 'misrouted', 'closed', 'failed', 'errors'])('is broken by one %s', (name) => {
    const { flaws } = readingOf(lineOf({ [name]: 1 }));

    expect(flaws).toEqual([{ kind: 'broken', text: expect.stringMatching(/^1 /) }]);
  });

  it.each(['gaps', 'late'])('is disorder with one of %s', (name) => {
    expect(worstWith({ [name]: 1 })).toBe('disorder');
  });

  it('is a lower bound when the generator had no time left', () => {
    expect(worstWith({ lg_cpu: 95 })).toBe('floor');
    expect(worstWith({ lg_cpu: 100, gaps: 3 })).toBe('disorder');
    expect(worstWith({ lg_cpu: 100, gaps: 3, lost: 1 })).toBe('broken');
  });

  it('is broken when deliveries did not come in time, or connections did not come about', () => {
    expect(worstWith({ drained: false })).toBe('broken');
    expect(worstWith({ conns: 10_000, ready: 9_999 })).toBe('broken');
    expect(worstWith({ conns: 10_000, ready: 10_000 })).toBeUndefined();
    expect(worstOf(readingOf('{"mode":"fanout","error":"only 3 of 10 connected"}'))).toBe('broken');
  });

  it.each(['', 'Killed', '{"deliv_s":', '[]', 'null'])('is broken when it is no line at all: %j', (text) => {
    expect(worstOf(readingOf(text))).toBe('broken');
  });

  it('has the whole run as its throughput when the window was too short for what was on its way', () => {
    expect(deliveriesPerSecond(SOUND)).toBe(50_000);
    expect(deliveriesPerSecond({ ...SOUND, sent: 59 })).toBe(48_000);
    expect(deliveriesPerSecond({ ...SOUND, sent: 59, rate: 20 })).toBe(50_000);
  });

  it('ends the sweep of a peer when it is too slow, flawed, or bound by the generator', () => {
    const lastWith = (fields: object) => pointOf('parlor', 500, readingOf(lineOf(fields)))?.last;

    expect(lastWith({ p99_ms: 250 })).toBe(false);
    expect(lastWith({ p99_ms: 251 })).toBe(true);
    expect(lastWith({ gaps: 1 })).toBe(false);
    expect(lastWith({ lost: 1 })).toBe(true);
    expect(lastWith({ lg_cpu: 99 })).toBe(true);
    expect(pointOf('parlor', 500, readingOf('Killed'))).toBeUndefined();
  });
});

describe('What wrk prints', () => {
  const printed = (p99: string, more = '') => `Running 4s test @ http://127.0.0.1:1/
  Latency Distribution
     50%    4.10ms
     99%   ${p99}
  4000 requests in 4.01s, 1.02MB read
${more}Requests/sec:    997.50
Transfer/sec:    260.11KB
`;

  it.each([
    ['950.00us', 0.95],
    ['12.50ms', 12.5],
    ['1.50s', 1500],
    ['2.00m', 120_000],
  ])('is read in milliseconds: %s', (text, milliseconds) => {
    const numbers = wrkNumbers(printed(text));

    expect(numbers).toMatchObject({ requests: 4000, req_s: 997.5, errors: 0 });
    expect(numbers?.p99_ms).toBeCloseTo(milliseconds);
  });

  it('breaks the run by answers that are no success, and by sockets that broke', () => {
    const refused = wrkNumbers(printed('1.00ms', '  Non-2xx or 3xx responses: 7\n'));
    const cut = wrkNumbers(printed('1.00ms', '  Socket errors: connect 0, read 2, write 0, timeout 1\n'));

    expect([refused?.errors, cut?.errors]).toEqual([7, 3]);
    expect(flawsOf({ ...refused }).map(({ kind }) => kind)).toEqual(['broken']);
  });

  it('is no result when the numbers are missing', () => {
    expect(wrkNumbers('unable to connect to 127.0.0.1:1 Connection refused')).toBeUndefined();
  });
});
