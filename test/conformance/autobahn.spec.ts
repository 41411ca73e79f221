import { describe, expect, it } from '@jest/globals';
import { runServer } from '../support/test-server.js';
import { close, perform, ping, text, textBack } from './case.js';
import { CLOSE_CASES } from './close-cases.js';
import { FRAMING_CASES } from './framing-cases.js';
import { UTF8_CASES } from './utf8-cases.js';

/**
 * What the 247 cases of groups 1 to 7 and 10 of Autobahn|Testsuite ask of a server, by their numbers there,
 * asked with our own bytes. The other groups are about speed (9) and compression (12 and 13), which is off.
 */
const CASES = [...FRAMING_CASES, ...UTF8_CASES, ...CLOSE_CASES];
const OF_A_GROUP = { 1: 16, 2: 11, 3: 7, 4: 10, 5: 20, 6: 145, 7: 36, 10: 1 };

const server = runServer({ CONFORMANCE_ENDPOINT: 'on', MAX_FRAME_BYTES: '1048576' });

describe('The cases of the suite', () => {
  it('are all here, each once', () => {
    const groups: Record<string, number> = {};
    for (const { id } of CASES) {
      const [group = ''] = id.split('.');
      groups[group] = (groups[group] ?? 0) + 1;
    }

    expect(groups).toEqual(OF_A_GROUP);
    expect(new Set(CASES.map(({ id }) => id)).size).toBe(CASES.length);
  });
});

describe('Autobahn', () => {
  it.each(CASES)('$id: $what', async ({ writes, outcome }) => {
    expect(await perform(server.url, writes)).toEqual(outcome);
  });

  it('7.1.6: 256 KiB, a text and goodbye at once; nobody says whether the text still comes back', async () => {
    const long = 'BAsd7&jh23'.repeat(26_215).slice(0, 256 * 1024);

    const { heard, code } = await perform(server.url, [
      text(long),
      text('Hello World!'),
      close(1000),
      ping(),
    ]);

    expect(code).toBe(1000);
    expect(heard[0]).toBe(textBack(long));
    expect([[], [textBack('Hello World!')]]).toContainEqual(heard.slice(1));
  });
});
