import { describe, expect, it } from '@jest/globals';
import { longestHoldUp } from '../support/loop-lag.js';
import { runServer } from '../support/test-server.js';

/** Room for what is sent here; with the default of 64 KB most of it would be refused unread. */
const ROOM = String(512 * 1024);
const server = runServer({ MAX_FRAME_BYTES: ROOM, MAX_BODY_BYTES: ROOM });
const DEPTHS = [10_000, 32_000];
const MAY_HOLD_UP_MS = 50;

const nested = (opening: string, closing: string, depth: number) =>
  opening.repeat(depth) + closing.repeat(depth);
const SHAPES: [string, (depth: number) => string, number][] = [
  ['lists', (depth) => nested('[', ']', depth), 422],
  ['objects', (depth) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`, 422],
  ['a field', (depth) => `{"content":${nested('[', ']', depth)}}`, 422],
  ['lists without an end', (depth) => '['.repeat(depth), 400],
];
const CASES = SHAPES.flatMap(([what, make, status]) =>
  DEPTHS.map((depth) => ({ what, depth, text: make(depth), status })),
);

describe.each(CASES)('$what, $depth deep', ({ text, status }) => {
  it('in a frame are refused without holding up anybody', async () => {
    const ada = await server.person('ada');
    const [adas] = await server.connect(ada);

    const holdUp = await longestHoldUp(async () => {
      adas.sendText(text);
      expect(await adas.next('error')).toMatchObject({ code: 'invalid_frame', retryable: false });
    });

    expect(holdUp).toBeLessThan(MAY_HOLD_UP_MS);
    await adas.settled();
  });

  it('in a body are refused without holding up anybody', async () => {
    const ada = await server.person('ada');
    const headers = { 'content-type': 'application/json' };

    const holdUp = await longestHoldUp(async () => {
      const answer = await server.rest.request('POST', '/api/rooms', { as: ada, raw: text, headers });
      expect(answer.status).toBe(status);
    });

    expect(holdUp).toBeLessThan(MAY_HOLD_UP_MS);
  });
});

describe('Ten thousand keys', () => {
  const keys = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`key_${index}`, index]));

  it('in a frame are ignored, and hold up nobody', async () => {
    const ada = await server.person('ada');
    const [adas] = await server.connect(ada);

    const holdUp = await longestHoldUp(async () => {
      expect(await adas.ask({ ...keys, type: 'ping' })).toMatchObject({ type: 'ack' });
    });

    expect(holdUp).toBeLessThan(MAY_HOLD_UP_MS);
  });

  it('in a body are refused, and hold up nobody', async () => {
    const ada = await server.person('ada');

    const holdUp = await longestHoldUp(async () => {
      const answer = await server.rest.post('/api/rooms', { ...keys, name: 'a room' }, ada);
      expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_input' } });
    });

    expect(holdUp).toBeLessThan(MAY_HOLD_UP_MS);
  });
});
