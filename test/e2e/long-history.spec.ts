import { describe, expect, it } from '@jest/globals';
import { runServer } from '../support/test-server.js';

const server = runServer();
/** In UTF-8 as long as 4,000 characters can be. */
const LONGEST = '\u{1f408}'.repeat(4_000);

describe('A history of very long messages', () => {
  it('is still the last 50, in as many pages as it takes', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas] = await server.connectTo(room, ada);
    for (let count = 0; count < 60; count += 1) adas.send({ content: LONGEST });
    await adas.settled();

    const bobs = await server.socket(`/ws/room/${room.id}`, bob);
    const pages = await bobs.wholeHistory();

    const messages = pages.flatMap((page) => page.messages);
    expect(messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, index) => index + 11));
    expect(messages.every(({ content }) => content === LONGEST)).toBe(true);
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.map((page) => page.has_more)).toEqual(pages.map((_, index) => index < pages.length - 1));
    await adas.say('live');
    expect(await bobs.next('message')).toMatchObject({ content: 'live', seq: 61 });
  });

  it('comes whole to one who resumes from the beginning', async () => {
    const [ada] = await server.people('ada');
    const room = await server.roomOf(ada);
    const [adas] = await server.connectTo(room, ada);
    for (let count = 0; count < 60; count += 1) adas.send({ content: LONGEST });
    await adas.settled();

    const again = await server.socket(`/ws/room/${room.id}?after_seq=0`, ada);
    const pages = await again.wholeHistory();

    const seqs = pages.flatMap((page) => page.messages.map(({ seq }) => seq));
    expect(seqs).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
  });
});
