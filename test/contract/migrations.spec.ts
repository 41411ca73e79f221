import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, type QueryRunner } from 'typeorm';
import { Session } from '../../src/auth/session.entity.js';
import { WsTicket } from '../../src/auth/ws-ticket.entity.js';
import { Node } from '../../src/connections/nodes/node.entity.js';
import { ConnectionRecord } from '../../src/connections/connection-record.entity.js';
import { migrations } from '../../src/database/migrations.js';
import { Message } from '../../src/messages/message.entity.js';
import { AuditEntry } from '../../src/audit/audit-entry.entity.js';
import { Epoch } from '../../src/messages/epoch.entity.js';
import { Ban } from '../../src/rooms/ban.entity.js';
import { Invitation } from '../../src/rooms/invitation.entity.js';
import { Membership } from '../../src/rooms/membership.entity.js';
import { Mute } from '../../src/rooms/mute.entity.js';
import { Room } from '../../src/rooms/room.entity.js';
import { User } from '../../src/users/user.entity.js';
import { openDatabase, type OpenDatabase } from '../support/open-database.js';
import { bareOptions, DATABASES } from '../support/test-database.js';

const ENTITIES = [
  User,
  Session,
  WsTicket,
  Room,
  Membership,
  Ban,
  Mute,
  Invitation,
  Message,
  ConnectionRecord,
  Node,
  AuditEntry,
  Epoch,
];

/** How each of the databases tells what it would do, and which words of it show that it would look at all rows. */
const PLANS = {
  sqlite: {
    explain: 'EXPLAIN QUERY PLAN',
    good: /^SEARCH (messages|memberships) USING/,
    bad: /^SCAN (messages|memberships)|TEMP/,
  },
  postgres: {
    explain: 'EXPLAIN',
    good: /Index (Only )?Scan (Backward )?using|Bitmap Index Scan on/,
    bad: /Seq Scan on (messages|memberships)|Sort Key: (seq|joined_at)/,
  },
};

function planOf(runner: QueryRunner, query: string): Promise<Record<string, string>[]> {
  return runner.query(query);
}

describe.each(DATABASES)('The migrations of %s', (name) => {
  let database: OpenDatabase;
  let fresh: DataSource;
  beforeAll(async () => {
    database = await openDatabase([TypeOrmModule.forFeature(ENTITIES)], name);
    fresh = await new DataSource(bareOptions(database.stored, ENTITIES, migrations)).initialize();
  });
  afterAll(async () => {
    await fresh.destroy();
    await database.remove();
  });

  it('are compared with every entity that there is', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' });

    expect(files.filter((file) => file.endsWith('.entity.ts'))).toHaveLength(ENTITIES.length);
  });

  it('make what the entities declare, no more and no less', async () => {
    const drift = await fresh.driver.createSchemaBuilder().log();

    expect(drift.upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('notice an entity that has moved on', async () => {
    const column = fresh.getMetadata(Room).findColumnWithPropertyName('description');
    if (!column) throw new Error('Rooms have no description.');
    column.isNullable = false;

    const drift = await fresh.driver.createSchemaBuilder().log();

    column.isNullable = true;
    expect(drift.upQueries.length).toBeGreaterThan(0);
  });

  it('have all run, and run only once', async () => {
    expect(await fresh.showMigrations()).toBe(false);
    expect(await fresh.runMigrations()).toEqual([]);
    const [row] = await fresh.query<{ count: number | string }[]>('SELECT COUNT(*) AS count FROM migrations');
    expect(Number(row?.count)).toBe(migrations.length);
  });

  it('can be taken back, one after the other, and made again', async () => {
    const own = await openDatabase([TypeOrmModule.forFeature(ENTITIES)], name);
    const source = await new DataSource(bareOptions(own.stored, ENTITIES, migrations)).initialize();
    for (let left = migrations.length; left > 0; left -= 1)
      await source.undoLastMigration({ transaction: 'each' });
    const done = await source.runMigrations({ transaction: 'each' });
    const drift = await source.driver.createSchemaBuilder().log();
    await source.destroy();
    await own.remove();

    expect(done).toHaveLength(migrations.length);
    expect(drift.upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('index what the hot paths ask for', async () => {
    const { explain, good, bad } = PLANS[name];
    const runner = fresh.createQueryRunner();
    // With next to no rows PostgreSQL would rather look at all of them.
    if (name === 'postgres') await runner.query('SET enable_seqscan = off');
    const plans: Record<string, string>[][] = [];
    for (const query of [
      'SELECT * FROM messages WHERE room_id = 1 AND seq > 5 ORDER BY seq LIMIT 50',
      'SELECT * FROM messages WHERE room_id = 1 AND seq < 5 ORDER BY seq DESC LIMIT 50',
      `SELECT * FROM messages WHERE client_msg_id IS NOT NULL
           AND (room_id, user_id, client_msg_id) IN (VALUES (1, 2, 'a'), (1, 3, 'b'))`,
      'SELECT * FROM memberships WHERE (room_id, user_id) IN (VALUES (1, 2), (1, 3))',
      `SELECT * FROM memberships WHERE room_id = 1 AND (joined_at, user_id) > (5, 2)
           ORDER BY joined_at, user_id LIMIT 101`,
    ]) {
      plans.push(await planOf(runner, `${explain} ${query}`));
    }
    await runner.release();

    for (const plan of plans) {
      const steps = plan.map((step) => step.detail ?? step['QUERY PLAN']);
      expect(steps).toEqual(expect.arrayContaining([expect.stringMatching(good)]));
      expect(steps).not.toEqual(expect.arrayContaining([expect.stringMatching(bad)]));
    }
  });

  it('let nothing be written beside the queue', async () => {
    const beside = database.reader.getRepository(ConnectionRecord).delete({ node: 'nobody' });

    await expect(beside).rejects.toThrow(/read-?only/i);
  });
});

describe('The connections to SQLite', () => {
  it('write ahead, wait for other processes and keep foreign keys', async () => {
    const database = await openDatabase([TypeOrmModule.forFeature(ENTITIES)]);
    const [journal] = await database.reader.query<[{ journal_mode: string }]>('PRAGMA journal_mode');
    const [busy] = await database.reader.query<[{ timeout: number }]>('PRAGMA busy_timeout');
    const keys = await database.writes.run((manager) =>
      manager.query<[{ foreign_keys: number }]>('PRAGMA foreign_keys'),
    );
    const synchronous = await database.writes.run((manager) =>
      manager.query<[{ synchronous: number }]>('PRAGMA synchronous'),
    );
    await database.remove();

    expect(journal.journal_mode).toBe('wal');
    expect(busy.timeout).toBeGreaterThanOrEqual(1_000);
    expect(keys[0].foreign_keys).toBe(1);
    // 2 is FULL: what is committed survives a power cut.
    expect(synchronous[0].synchronous).toBe(2);
  });
});
