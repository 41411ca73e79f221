import { describe, expect, it } from '@jest/globals';
import { BatchedRead } from '../../src/database/batched-read.js';
import { ReadTurns } from '../../src/database/read-turns.js';

/** A database that answers when it is told to, and remembers what it was asked. */
function slowDatabase() {
  const batches: (readonly string[])[] = [];
  const begun: (() => void)[] = [];
  const answers: { give: () => void; fail: (error: Error) => void }[] = [];
  const read = new BatchedRead<string, string>(new ReadTurns(), (questions) => {
    batches.push(questions);
    begun.splice(0).forEach((tell) => tell());
    return new Promise((resolve, reject) => {
      answers.push({ give: () => resolve(questions.map((question) => `${question}!`)), fail: reject });
    });
  });
  const asked = async (count: number): Promise<void> => {
    while (batches.length < count) await new Promise<void>((resolve) => begun.push(resolve));
  };
  return { read, batches, asked, answer: (index: number) => answers[index] };
}

describe('A batched read', () => {
  it('asks once for all who ask in one turn, and gives each their own answer', async () => {
    const { read, batches, asked, answer } = slowDatabase();
    const answers = Promise.all(['a', 'b', 'a'].map((question) => read.ask(question)));

    await asked(1);
    answer(0)?.give();

    expect(await answers).toEqual(['a!', 'b!', 'a!']);
    expect(batches).toEqual([['a', 'b', 'a']]);
  });

  it('never answers from a query that had begun before the question', async () => {
    const { read, batches, asked, answer } = slowDatabase();
    const early = read.ask('early');
    await asked(1);
    const late = [read.ask('late'), read.ask('early')];
    answer(0)?.give();
    await asked(2);
    answer(1)?.give();

    expect(await Promise.all([early, ...late])).toEqual(['early!', 'late!', 'early!']);
    expect(batches).toEqual([['early'], ['late', 'early']]);
  });

  it('fails all of a batch with what the query threw, and nobody else', async () => {
    const { read, asked, answer } = slowDatabase();
    const fault = new Error('on purpose');
    const failing = [read.ask('a'), read.ask('b')];
    const told = Promise.all(failing.map((asking) => expect(asking).rejects.toBe(fault)));
    await asked(1);
    const next = read.ask('c');
    answer(0)?.fail(fault);
    await told;
    await asked(2);
    answer(1)?.give();

    expect(await next).toBe('c!');
  });

  it('fails a batch whose query throws before it begins', async () => {
    const read = new BatchedRead<string, string>(new ReadTurns(), () => {
      throw new Error('not even begun');
    });

    await expect(read.ask('a')).rejects.toThrow('not even begun');
    await expect(read.ask('b')).rejects.toThrow('not even begun');
  });

  it('fails a batch that is not answered in full: nobody gets the answer of another', async () => {
    const read = new BatchedRead<string, string>(new ReadTurns(), async (questions) => questions.slice(1));

    await expect(Promise.allSettled([read.ask('a'), read.ask('b')])).resolves.toMatchObject([
      { status: 'rejected' },
      { status: 'rejected' },
    ]);
  });

  it('reads a crowd in batches of a bounded size, in order', async () => {
    const sizes: number[] = [];
    const read = new BatchedRead<number, number>(new ReadTurns(), async (questions) => {
      sizes.push(questions.length);
      return questions;
    });
    const crowd = Array.from({ length: 450 }, (_, index) => index);

    expect(await Promise.all(crowd.map((question) => read.ask(question)))).toEqual(crowd);
    expect(sizes).toEqual([200, 200, 50]);
  });

  it('refuses more than it can hold, and goes on with those it has', async () => {
    const { read, asked, answer } = slowDatabase();
    const first = read.ask('first');
    await asked(1);
    const waiting = Array.from({ length: 20_000 }, () => read.ask('waiting'));

    await expect(read.ask('one too many')).rejects.toMatchObject({ code: 'storage_unavailable' });

    answer(0)?.give();
    expect(await first).toBe('first!');
    for (let batch = 1; batch <= waiting.length / 200; batch += 1) {
      await asked(batch + 1);
      answer(batch)?.give();
    }
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['waiting!']));
  });

  it('of another kind has its turn after this one, and its questions gather meanwhile', async () => {
    const turns = new ReadTurns();
    const order: string[] = [];
    const ends: (() => void)[] = [];
    const kind = (name: string) =>
      new BatchedRead<number, number>(turns, (questions) => {
        order.push(`${name} ${questions.join(' ')}`);
        return new Promise((resolve) => ends.push(() => resolve(questions)));
      });
    const [rooms, sessions] = [kind('rooms'), kind('sessions')];
    const begun = async (count: number): Promise<void> => {
      while (order.length < count) await new Promise<void>((resolve) => setImmediate(() => resolve()));
    };

    const first = rooms.ask(1);
    await begun(1);
    const others = [sessions.ask(1), sessions.ask(2)];
    await new Promise<void>((resolve) => setImmediate(() => resolve()));
    const late = sessions.ask(3);
    ends[0]?.();
    await begun(2);
    ends[1]?.();

    expect(await Promise.all([first, ...others, late])).toEqual([1, 1, 2, 3]);
    expect(order).toEqual(['rooms 1', 'sessions 1 2 3']);
  });

  it('that fails does not keep the next kind from its turn', async () => {
    const turns = new ReadTurns();
    const broken = new BatchedRead<number, number>(turns, () => Promise.reject(new Error('on purpose')));
    const whole = new BatchedRead<number, number>(turns, async (questions) => questions);

    const [failed, answered] = await Promise.allSettled([broken.ask(1), whole.ask(2)]);

    expect(failed).toMatchObject({ status: 'rejected', reason: { message: 'on purpose' } });
    expect(answered).toEqual({ status: 'fulfilled', value: 2 });
  });
});
