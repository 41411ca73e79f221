import { describe, expect, it } from '@jest/globals';
import { WriteTurns, type Sender, type Urgency } from '../../src/connections/write-turns.js';

/** What left, in the order in which it did: who wrote, and the frames of the write. */
interface Written {
  readonly by: string;
  readonly bytes: Buffer;
  /** Several buffers in one system call, instead of one buffer. */
  readonly gathered: boolean;
}

const text = (bytes: Buffer) => bytes.toString();

class World {
  readonly turns = new WriteTurns();
  readonly written: Written[] = [];
  readonly givenUp: string[] = [];

  sender(by: string, work: () => void = () => undefined) {
    const waiting: Buffer[] = [];
    const wrote = (bytes: Buffer, gathered: boolean): void => {
      this.written.push({ by, bytes, gathered });
      work();
    };
    const sender: Sender = {
      take: () => waiting.splice(0),
      write: (bytes) => wrote(bytes, false),
      writeEach: (frames) => wrote(Buffer.concat(frames), true),
      giveUp: () => this.givenUp.push(by),
    };
    const put = (frame: Buffer, urgency: Urgency = 'soon'): void => {
      waiting.push(frame);
      this.turns.add(sender, urgency);
    };
    return { put };
  }

  /** Until nothing waits any more, and how many turns of the event loop that took. */
  async settled(count: number): Promise<number> {
    let turns = 0;
    for (; this.written.length < count; turns += 1) await nextTurn();
    return turns;
  }
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(() => resolve()));
const busy = (milliseconds: number) => (): void => {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
};

describe('Turns of writes', () => {
  it('give a socket one write for all that came in a turn', async () => {
    const world = new World();
    const ada = world.sender('ada');

    for (const word of ['a', 'b', 'c']) ada.put(Buffer.from(word));
    expect(world.written).toEqual([]);
    await world.settled(1);
    await nextTurn();

    expect(world.written.map(({ by, bytes }) => [by, text(bytes)])).toEqual([['ada', 'abc']]);
  });

  it('hand the same bytes to all that wait for the same frames, joined once', async () => {
    const world = new World();
    const people = ['ada', 'bob', 'cleo', 'dan'].map((name) => world.sender(name));
    const frames = [Buffer.from('one '), Buffer.from('two')];

    for (const frame of frames) for (const somebody of people) somebody.put(frame, 'bulk');
    await world.settled(4);

    const [first, second, ...rest] = world.written;
    expect(world.written.map(({ bytes }) => text(bytes))).toEqual(Array(4).fill('one two'));
    expect([first?.gathered, second?.gathered]).toEqual([true, false]);
    for (const { bytes } of rest) expect(bytes).toBe(second?.bytes);
  });

  it('never hand one socket what waits for another', async () => {
    const world = new World();
    const [ada, bob] = [world.sender('ada'), world.sender('bob')];
    const shared = Buffer.from('shared ');

    ada.put(shared);
    bob.put(shared);
    ada.put(Buffer.from('for ada'));
    bob.put(Buffer.from('for bob'));
    await world.settled(2);

    expect(world.written.map(({ by, bytes }) => [by, text(bytes)])).toEqual([
      ['ada', 'shared for ada'],
      ['bob', 'shared for bob'],
    ]);
  });

  it('let the event loop go round when there is more than fits into a slice, and what comes meanwhile joins', async () => {
    const world = new World();
    const people = Array.from({ length: 200 }, (_, index) => world.sender(`${index}`, busy(0.2)));
    const [early, late] = [Buffer.from('early '), Buffer.from('late')];

    for (const somebody of people) somebody.put(early, 'bulk');
    await nextTurn();
    const before = world.written.length;
    for (const somebody of people) somebody.put(late, 'bulk');
    const turns = await world.settled(200 + before);

    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(200);
    expect(turns).toBeGreaterThan(1);
    // Those who had their turn get a second write; the others one write with both.
    expect(world.written.slice(before, 200).map(({ bytes }) => text(bytes))).toEqual(
      Array(200 - before).fill('early late'),
    );
    expect(world.written.slice(200).map(({ by, bytes }) => [by, text(bytes)])).toEqual(
      Array.from({ length: before }, (_, index) => [`${index}`, 'late']),
    );
  });

  it('serve small rooms beside a large one', async () => {
    const world = new World();
    const crowd = Array.from({ length: 1_000 }, (_, index) => world.sender(`crowd ${index}`));
    const [ada, bob] = [world.sender('ada'), world.sender('bob')];

    for (const somebody of crowd) somebody.put(Buffer.from('to all'), 'bulk');
    ada.put(Buffer.from('to ada'));
    bob.put(Buffer.from('to bob'));
    await world.settled(1_002);

    const places = ['ada', 'bob'].map((name) => world.written.findIndex(({ by }) => by === name));
    expect(Math.max(...places)).toBeLessThan(20);
  });

  it('send a socket of a large room at once when something concerns itself', async () => {
    const world = new World();
    const crowd = Array.from({ length: 1_000 }, (_, index) => world.sender(`crowd ${index}`));

    for (const somebody of crowd) somebody.put(Buffer.from('to all '), 'bulk');
    crowd[999]?.put(Buffer.from('ack'));
    await world.settled(1_000);

    const place = world.written.findIndex(({ by }) => by === 'crowd 999');
    expect(place).toBeLessThan(20);
    expect(text(world.written[place]?.bytes ?? Buffer.of())).toBe('to all ack');
    expect(world.written).toHaveLength(1_000);
  });

  it('go on with the others when a socket is broken, and give that one up', async () => {
    const world = new World();
    const broken = world.sender('broken', () => {
      throw new Error('broken on purpose');
    });
    const whole = world.sender('whole');

    broken.put(Buffer.from('a'));
    whole.put(Buffer.from('b'));
    await world.settled(2);

    expect(world.givenUp).toEqual(['broken']);
    expect(world.written.map(({ by }) => by)).toEqual(['broken', 'whole']);
  });
});
