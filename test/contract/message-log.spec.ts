import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { TypeOrmModule } from '@nestjs/typeorm';
import { WriteQueue } from '../../src/database/write-queue.js';
import type { Draft } from '../../src/messages/draft.js';
import { MessageLog, type OnCommitted } from '../../src/messages/message-log.js';
import { Message } from '../../src/messages/message.entity.js';
import { Membership } from '../../src/rooms/membership.entity.js';
import { Room } from '../../src/rooms/room.entity.js';
import { User } from '../../src/users/user.entity.js';
import { openDatabase, type OpenDatabase } from '../support/open-database.js';

let database: OpenDatabase;
let log: MessageLog;
beforeAll(async () => {
  database = await openDatabase([TypeOrmModule.forFeature([User, Room, Membership, Message])]);
  log = new MessageLog(database.writes);
  await database.writes.run(async (manager) => {
    const account = { passwordHash: '', isActive: true, role: 'user' as const, createdAt: 0 };
    for (const name of ['ada', 'bob']) {
      await manager.insert(User, {
        ...account,
        username: name,
        usernameKey: name,
        email: name,
        emailKey: name,
      });
    }
    const room = { description: null, visibility: 'public' as const, ownerId: 1, headSeq: 0, createdAt: 0 };
    for (const name of ['one', 'two', 'three']) await manager.insert(Room, { ...room, name, nameKey: name });
    for (const roomId of [1, 2]) await manager.insert(Membership, { roomId, userId: 1, joinedAt: 0 });
  });
});
afterEach(() => {
  jest.restoreAllMocks();
  log.onCommitted(() => undefined);
});
afterAll(() => database.remove());

const draft = (changes: Partial<Draft> = {}): Draft => ({
  userId: 1,
  username: 'ada',
  roomId: 1,
  content: 'text',
  clientMsgId: null,
  replyTo: null,
  ...changes,
});
const stored = (roomId: number) =>
  database.reader.getRepository(Message).find({ where: { roomId }, order: { seq: 'ASC' } });
/** What the log tells of its commits, room by room. */
const listen = () => {
  const told = jest.fn<OnCommitted>();
  log.onCommitted(told);
  return told;
};
const seqsIn = (told: jest.Mock<OnCommitted>) =>
  told.mock.calls.map(([roomId, messages]) => [roomId, messages.map(({ message }) => message.seq)]);

/** Counts transactions, by what the log asks of the write queue. */
const countTurns = () => jest.spyOn(WriteQueue.prototype, 'run');

describe('The message log', () => {
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

  it('keeps the same client_msg_id of another room apart', async () => {
    const here = await log.append(draft({ clientMsgId: 'both' }));
    const there = await log.append(draft({ clientMsgId: 'both', roomId: 2 }));

    expect(there.isDuplicate).toBe(false);
    expect(there.message.id).not.toBe(here.message.id);
  });

  it('stores nothing and tells nobody when the commit fails; a retry then makes one message, without a hole', async () => {
    const told = listen();
    const head = (await stored(1)).length;
    await database.writes.run((manager) =>
      manager.query(
        `CREATE TRIGGER broken_disk BEFORE UPDATE ON rooms BEGIN SELECT RAISE(ABORT, 'disk'); END`,
      ),
    );

    const failed = await Promise.allSettled([
      log.append(draft({ clientMsgId: 'again' })),
      log.append(draft({ clientMsgId: 'and again' })),
    ]);
    await database.writes.run((manager) => manager.query('DROP TRIGGER broken_disk'));

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
