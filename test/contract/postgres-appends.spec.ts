import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { EntityManager } from 'typeorm';
import { Membership } from '../../src/rooms/membership.entity.js';
import { draft, openLog, settle, type OpenLog } from '../support/open-log.js';
import { PostgresDatabase } from '../support/postgres-database.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000);

/** Three nodes on one database. */
let nodes: [OpenLog, OpenLog, OpenLog];
beforeAll(async () => {
  const first = await openLog('postgres');
  nodes = [first, await openLog('postgres', first), await openLog('postgres', first)];
  await settle(first);
});
afterAll(async () => {
  const [first, ...others] = nodes;
  for (const node of others) await node.remove();
  await first.remove();
});

const seqs = async (roomId: number) => (await nodes[0].messagesOf(roomId)).map(({ seq }) => seq);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const storedDatabase = (): PostgresDatabase => {
  const { stored } = nodes[0];
  if (stored instanceof PostgresDatabase) return stored;
  throw new Error('This is another database.');
};

describe('Several nodes that append to the same rooms', () => {
  it('give one seq after the other, without a hole or a deadlock, whichever order the rooms come in', async () => {
    const before = (await seqs(1)).length + (await seqs(2)).length;
    const rounds = 40;
    const seen = new Map<number, number[]>();

    await Promise.all(
      nodes.map(async ({ log }, node) => {
        for (let round = 0; round < rounds; round += 1) {
          const rooms = (round + node) % 2 === 0 ? [1, 2, 1] : [2, 1, 2];
          const appended = await Promise.all(rooms.map((roomId) => log.append(draft({ roomId }))));
          for (const { message } of appended) {
            seen.set(message.roomId, [...(seen.get(message.roomId) ?? []), message.seq]);
          }
        }
      }),
    );

    for (const roomId of [1, 2]) {
      const stored = await seqs(roomId);
      expect(stored).toEqual(upTo(stored.length));
      expect(seen.get(roomId)?.sort((one, other) => one - other)).toEqual(
        stored.slice(-(seen.get(roomId)?.length ?? 0)),
      );
    }
    expect((await seqs(1)).length + (await seqs(2)).length - before).toBe(rounds * 3 * nodes.length);
  });

  it('make one message of the same client_msg_id', async () => {
    const outcomes = await Promise.all(
      nodes.flatMap(({ log }) => [1, 2].map(() => log.append(draft({ clientMsgId: 'everywhere' })))),
    );

    expect(new Set(outcomes.map(({ message }) => message.id)).size).toBe(1);
    expect(outcomes.filter(({ isDuplicate }) => !isDuplicate)).toHaveLength(1);
  });

  it('store nothing of a member behind the end of the membership', async () => {
    const bob = { userId: 2, username: 'bob', roomId: 2 };
    const [first, second] = nodes;
    for (let round = 0; round < 10; round += 1) {
      await first.writes.alone({ room: 2 }, (manager) =>
        manager.insert(Membership, { roomId: 2, userId: 2, joinedAt: 0 }),
      );
      const said = Array.from({ length: 30 }, (_, index) =>
        second.log.append(draft({ ...bob, content: `${round} ${index}` })),
      );
      await said[0];
      const more = Array.from({ length: 30 }, () => second.log.append(draft({ ...bob })));
      const headAtTheEnd = await first.writes.alone({ room: 2 }, async (manager) => {
        await manager.delete(Membership, { roomId: 2, userId: 2 });
        const [room] = await manager.query<{ head_seq: number }[]>('SELECT head_seq FROM rooms WHERE id = 2');
        return room?.head_seq ?? 0;
      });
      const outcomes = await Promise.allSettled([...said, ...more]);

      const stored = outcomes.flatMap((outcome) =>
        outcome.status === 'fulfilled' ? [outcome.value.message.seq] : [],
      );
      expect(Math.max(...stored)).toBeLessThanOrEqual(headAtTheEnd);
      await expect(second.log.append(draft(bob))).rejects.toMatchObject({ code: 'not_a_member' });
    }
  });
});

describe('A batch whose answer is lost', () => {
  it('is stored once, and its authors hear what became of it', async () => {
    const [{ log, writes }] = nodes;
    const before = (await seqs(1)).length;
    const stored = storedDatabase();
    // The room is held, so that the call is under way when its connection is cut, but not its transaction.
    let release = () => {};
    const held = writes.alone({ room: 1 }, () => new Promise<void>((resolve) => (release = resolve)));
    const appended = Promise.all(upTo(20).map((n) => log.append(draft({ content: `lost ${n}` }))));
    await until(
      () =>
        stored.query(
          "SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = ?",
          [stored.name],
        ),
      ([row]) => row?.n === 1,
    );
    await stored.execute(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = '${stored.name}' AND wait_event_type = 'Lock'`,
    );
    release();
    await held;

    const answers = await appended;
    const rows = (await nodes[0].messagesOf(1)).slice(before);
    expect(rows.map(({ content }) => content)).toEqual(upTo(20).map((n) => `lost ${n}`));
    expect(answers.map(({ message }) => [message.id, message.seq])).toEqual(
      rows.map(({ id, seq }) => [id, seq]),
    );
  });

  it('is answered from the record of the batch when it was committed: the same call again stores nothing', async () => {
    const call = "SELECT append_messages('somebody', 1, log_origin(), 5, '{1}', ?::json) AS outcomes";
    const given = (content: string) => JSON.stringify([{ room_id: 1, user_id: 1, content }]);
    const stored = storedDatabase();
    const before = (await seqs(1)).length;

    const first = await stored.query(call, [given('once')]);
    const again = await stored.query(call, [given('once')]);
    const next = await stored.query(call.replace('1,', '2,'), [given('twice')]);
    const late = await stored.query(call, [given('once')]);

    expect(again).toEqual(first);
    expect(late).toEqual(next);
    expect((await nodes[0].messagesOf(1)).slice(before).map(({ content }) => content)).toEqual([
      'once',
      'twice',
    ]);
  });

  it('is stored once when both calls of the first batch are under way', async () => {
    const stored = storedDatabase();
    const before = (await seqs(1)).length;
    const call = `SELECT append_messages('twin', 1, log_origin(), 5, '{1}',
      '[{"room_id": 1, "user_id": 1, "content": "twin"}]')`;

    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => stored.query(call)));

    expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true);
    expect(await seqs(1)).toHaveLength(before + 1);
  });
});

/** Until the job's own connection has heard of it. */
async function cutBehind({ queryRunner }: EntityManager): Promise<void> {
  const stored = storedDatabase();
  await stored.cutConnections();
  await until(
    () => stored.query('SELECT 1 AS n'),
    () => queryRunner?.isReleased === true,
  );
}

describe('A job whose connection is lost between two statements', () => {
  it('is run again, and done once', async () => {
    const [{ writes }] = nodes;
    let runs = 0;

    await writes.alone({ room: 3 }, async (manager) => {
      runs += 1;
      await manager.insert(Membership, { roomId: 3, userId: 2, joinedAt: runs });
      if (runs === 1) await cutBehind(manager);
      await manager.update(Membership, { roomId: 3, userId: 2 }, { role: 'admin' });
    });

    expect(runs).toBe(2);
    const members = 'SELECT joined_at, role FROM memberships WHERE room_id = 3';
    expect(await storedDatabase().query(members)).toEqual([{ joined_at: 2, role: 'admin' }]);
  });
});

describe('A database that is in another place than it was', () => {
  it('begins an epoch before it stores anything, on all nodes; an unknown place is not written to', async () => {
    const [{ epochs, log }, other] = nodes;
    const { current: before } = epochs;
    const last = await log.append(draft());
    const stored = storedDatabase();
    await stored.execute("UPDATE epochs SET origin = 'elsewhere'");
    await stored.execute(
      `CREATE OR REPLACE FUNCTION log_origin() RETURNS text LANGUAGE sql STABLE AS $$ SELECT 'here' $$`,
    );

    const next = await log.append(draft());
    const behind = await other.log.append(draft());

    expect(epochs.current).not.toBe(before);
    expect(other.epochs.current).toBe(epochs.current);
    expect([next.message.seq, behind.message.seq]).toEqual([last.message.seq + 1, last.message.seq + 2]);
    for (const node of nodes) {
      expect(await node.epochs.hasSeen(before, last.message.id)).toBe(true);
      expect(await node.epochs.hasSeen(before, next.message.id)).toBe(false);
      expect(await node.epochs.hasSeen(epochs.current, next.message.id)).toBe(true);
      expect(await node.epochs.hasSeen('unknown', last.message.id)).toBe(false);
    }
  });
});
