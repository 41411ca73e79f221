import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type MessageLog, type OnCommitted } from '../../src/messages/message-log.js';
import { Message } from '../../src/messages/message.entity.js';
import { Mute } from '../../src/rooms/mute.entity.js';
import { draft, openLog, settle, type OpenLog } from '../support/open-log.js';
import { DATABASES } from '../support/test-database.js';

describe.each(DATABASES)('The message log on %s', (name) => {
  let database: OpenLog;
  let log: MessageLog;
  beforeAll(async () => {
    database = await openLog(name);
    ({ log } = database);
    await settle(database);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    log.onCommitted(() => undefined);
  });
  afterAll(() => database.remove());

  const stored = (roomId: number) => database.messagesOf(roomId);
  /** What the log tells of its commits, room by room. */
  const listen = () => {
    const told = jest.fn<OnCommitted>();
    log.onCommitted(told);
    return told;
  };
  const seqsIn = (told: jest.Mock<OnCommitted>) =>
    told.mock.calls.map(([roomId, messages]) => [roomId, messages.map(({ message }) => message.seq)]);

  /** Counts transactions, by what the log asks of its store. */
  const countTurns = () => jest.spyOn(database.store, 'append');

  it('commits what comes together in one transaction, and tells it in the order of seq', async () => {
    const turns = countTurns();
    const told = listen();

    const appended = await Promise.all(
      Array.from({ length: 300 }, (_, index) => log.append(draft({ content: `${index}` }))),
    );

    const seqs = appended.map(({ message }) => message.seq);
    expect(turns).toHaveBeenCalledTimes(1);
    expect(seqs).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
    expect(seqsIn(told)).toEqual([[1, seqs]]);
    expect((await stored(1)).map(({ id, seq, content }) => [id, seq, content])).toEqual(
      appended.map(({ message }) => [message.id, message.seq, message.content]),
    );
  });

  it('splits more than one batch can hold, without a hole between the parts', async () => {
    const turns = countTurns();

    const appended = await Promise.all(Array.from({ length: 1_200 }, () => log.append(draft({ roomId: 2 }))));

    expect(turns).toHaveBeenCalledTimes(3);
    expect(appended.map(({ message }) => message.seq)).toEqual(
      Array.from({ length: 1_200 }, (_, i) => i + 1),
    );
  });

  it('commits a message that comes alone at once', async () => {
    const turns = countTurns();

    await log.append(draft());
    await log.append(draft());

    expect(turns).toHaveBeenCalledTimes(2);
  });

  it('has told of a message only when it can be read, and before its sender is answered', async () => {
    const order: string[] = [];
    let readable: Promise<number> | undefined;
    log.onCommitted(() => {
      order.push('told');
      readable = database.reader.getRepository(Message).countBy({ content: 'told' });
    });

    await log.append(draft({ content: 'told' })).then(() => order.push('answered'));

    expect(order).toEqual(['told', 'answered']);
    expect(await readable).toBe(1);
  });

  it('tells each room of a batch once, in the order of its seq, with the names of the authors', async () => {
    const told = listen();

    const appended = await Promise.all(
      [1, 2, 1, 2, 1].map((roomId) => log.append(draft({ roomId, content: `to ${roomId}` }))),
    );

    const seqsOf = (roomId: number) =>
      appended.filter(({ message }) => message.roomId === roomId).map(({ message }) => message.seq);
    expect(seqsIn(told)).toEqual([
      [1, seqsOf(1)],
      [2, seqsOf(2)],
    ]);
    expect(told.mock.calls.flatMap(([, messages]) => messages.map(({ username }) => username))).toEqual(
      appended.map(() => 'ada'),
    );
  });

  it('answers the authors, and tells the other rooms, when telling one of them fails', async () => {
    log.onCommitted((roomId) => {
      if (roomId === 1) throw new Error('telling failed');
      told(roomId);
    });
    const told = jest.fn();

    const [one, two] = await Promise.all([log.append(draft()), log.append(draft({ roomId: 2 }))]);

    expect([one.isDuplicate, two.isDuplicate]).toEqual([false, false]);
    expect(told).toHaveBeenCalledWith(2);
  });

  it('gives each of a batch its own answer', async () => {
    const outcomes = await Promise.allSettled([
      log.append(draft({ content: 'good' })),
      log.append(draft({ roomId: 3 })),
      log.append(draft({ roomId: 99 })),
      log.append(draft({ userId: 2 })),
      log.append(draft({ replyTo: 999_999 })),
      log.append(draft({ content: 'good too' })),
    ]);

    const good = (content: string) => ({
      status: 'fulfilled',
      value: expect.objectContaining({ message: expect.objectContaining({ content }) }),
    });
    const refused = (code: string) => ({ status: 'rejected', reason: expect.objectContaining({ code }) });
    expect(outcomes).toEqual([
      good('good'),
      refused('not_a_member'),
      refused('room_not_found'),
      refused('not_a_member'),
      refused('reply_not_found'),
      good('good too'),
    ]);
  });

  it('finds a retry in the database, and in its own batch', async () => {
    const before = await log.append(draft({ clientMsgId: 'x', content: 'first' }));
    const told = listen();

    const [again, fresh, twin] = await Promise.all([
      log.append(draft({ clientMsgId: 'x', content: 'changed' })),
      log.append(draft({ clientMsgId: 'y' })),
      log.append(draft({ clientMsgId: 'y' })),
    ]);

    expect(again).toMatchObject({ isDuplicate: true, message: { id: before.message.id, content: 'first' } });
    expect(twin).toMatchObject({
      isDuplicate: true,
      message: { id: fresh.message.id, seq: fresh.message.seq },
    });
    expect(told).toHaveBeenCalledTimes(1);
  });

  it('shows all of an original to a retry', async () => {
    const first = await log.append(draft());
    const original = await log.append(
      draft({ clientMsgId: 'whole', replyTo: first.message.id, content: 'ø "\\' }),
    );
    const again = await log.append(draft({ clientMsgId: 'whole' }));

    expect(again.message).toEqual(original.message);
    const [read] = (await stored(1)).slice(-1);
    expect(read).toEqual(original.message);
  });

  it('takes a message for the original only if it was stored', async () => {
    const [wrong, right] = await Promise.allSettled([
      log.append(draft({ clientMsgId: 'late', replyTo: 999_999 })),
      log.append(draft({ clientMsgId: 'late' })),
    ]);

    expect(wrong).toMatchObject({ status: 'rejected', reason: { code: 'reply_not_found' } });
    expect(right).toMatchObject({ status: 'fulfilled', value: { isDuplicate: false } });
  });

  it('refuses whoever is muted until the mute ends, and says until when', async () => {
    const mute = { roomId: 2, userId: 1, mutedBy: 1, mutedAt: 0, reason: null };
    const muteUntil = (until: number | null) =>
      database.writes.alone({ room: 2 }, (manager) =>
        manager.upsert(Mute, { ...mute, until }, ['roomId', 'userId']),
      );
    const until = Date.now() + 60_000;

    await muteUntil(until);
    await expect(log.append(draft({ roomId: 2 }))).rejects.toMatchObject({
      code: 'muted',
      message: expect.stringContaining(new Date(until).toISOString()),
    });
    await muteUntil(null);
    await expect(log.append(draft({ roomId: 2 }))).rejects.toMatchObject({ code: 'muted' });
    await muteUntil(Date.now() - 1);
    await expect(log.append(draft({ roomId: 2 }))).resolves.toMatchObject({ isDuplicate: false });
  });

  it('answers ids that no database would give', async () => {
    const outcomes = await Promise.allSettled([
      log.append(draft({ roomId: Number.MAX_SAFE_INTEGER })),
      log.append(draft({ replyTo: Number.MAX_SAFE_INTEGER })),
    ]);

    expect(outcomes).toMatchObject([
      { reason: { code: 'room_not_found' } },
      { reason: { code: 'reply_not_found' } },
    ]);
  });

  it('keeps the same client_msg_id of another room apart', async () => {
    const here = await log.append(draft({ clientMsgId: 'both' }));
    const there = await log.append(draft({ clientMsgId: 'both', roomId: 2 }));

    expect(there.isDuplicate).toBe(false);
    expect(there.message.id).not.toBe(here.message.id);
  });

  it('stores nothing and tells nobody when the commit fails; a retry then makes one message, without a hole', async () => {
    const told = listen();
    const head = (await stored(1)).length;
    const mend = await database.stored.breakTable('UPDATE', 'rooms');

    const failed = await Promise.allSettled([
      log.append(draft({ clientMsgId: 'again' })),
      log.append(draft({ clientMsgId: 'and again' })),
    ]);
    await mend();

    expect(failed).toEqual([
      {
        status: 'rejected',
        reason: expect.objectContaining({ code: 'storage_unavailable', retryable: true }),
      },
      {
        status: 'rejected',
        reason: expect.objectContaining({ code: 'storage_unavailable', retryable: true }),
      },
    ]);
    expect(told).not.toHaveBeenCalled();
    expect(await stored(1)).toHaveLength(head);

    const retried = await log.append(draft({ clientMsgId: 'again' }));
    expect(retried).toMatchObject({ isDuplicate: false, message: { seq: head + 1 } });
    expect(told).toHaveBeenCalledTimes(1);
  });
});
