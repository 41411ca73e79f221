import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Session } from '../../src/auth/session.entity.js';
import { ConnectionRecord } from '../../src/connections/connection-record.entity.js';
import { migrations } from '../../src/database/migrations.js';
import { Message } from '../../src/messages/message.entity.js';
import { AuditEntry } from '../../src/audit/audit-entry.entity.js';
import { Ban } from '../../src/rooms/ban.entity.js';
import { Invitation } from '../../src/rooms/invitation.entity.js';
import { Membership } from '../../src/rooms/membership.entity.js';
import { Mute } from '../../src/rooms/mute.entity.js';
import { Room } from '../../src/rooms/room.entity.js';
import { User } from '../../src/users/user.entity.js';
import { openDatabase, type OpenDatabase } from '../support/open-database.js';

const ENTITIES = [
  User,
  Session,
  Room,
  Membership,
  Ban,
  Mute,
  Invitation,
  Message,
  ConnectionRecord,
  AuditEntry,
];

let database: OpenDatabase;
let fresh: DataSource;
beforeAll(async () => {
  database = await openDatabase([TypeOrmModule.forFeature(ENTITIES)]);
  fresh = new DataSource({ type: 'sqlite', database: database.file, entities: ENTITIES, migrations });
  await fresh.initialize();
});
afterAll(async () => {
  await fresh.destroy();
  await database.remove();
});

describe('The migrations', () => {
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
    expect(await fresh.query('SELECT COUNT(*) AS count FROM migrations')).toEqual([
      { count: migrations.length },
    ]);
  });

  it('index what the hot paths ask for', async () => {
    const plans = await Promise.all(
      [
        'SELECT * FROM messages WHERE room_id = 1 AND seq > 5 ORDER BY seq LIMIT 50',
        'SELECT * FROM messages WHERE room_id = 1 AND seq < 5 ORDER BY seq DESC LIMIT 50',
        `SELECT * FROM messages WHERE client_msg_id IS NOT NULL
           AND (room_id, user_id, client_msg_id) IN (VALUES (1, 2, 'a'), (1, 3, 'b'))`,
        'SELECT * FROM memberships WHERE (room_id, user_id) IN (VALUES (1, 2), (1, 3))',
        `SELECT * FROM memberships WHERE room_id = 1 AND (joined_at, user_id) > (5, 2)
           ORDER BY joined_at, user_id LIMIT 101`,
      ].map((query) => fresh.query<{ detail: string }[]>(`EXPLAIN QUERY PLAN ${query}`)),
    );

    for (const plan of plans) {
      const steps = plan.map(({ detail }) => detail);
      expect(steps).toEqual(
        expect.arrayContaining([expect.stringMatching(/^SEARCH (messages|memberships) USING/)]),
      );
      expect(steps).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/^SCAN (messages|memberships)|TEMP/)]),
      );
    }
  });
});

describe('The connections to the database', () => {
  it('write ahead, wait for other processes and keep foreign keys', async () => {
    const [journal] = await database.reader.query<[{ journal_mode: string }]>('PRAGMA journal_mode');
    const [busy] = await database.reader.query<[{ timeout: number }]>('PRAGMA busy_timeout');
    const keys = await database.writes.run((manager) =>
      manager.query<[{ foreign_keys: number }]>('PRAGMA foreign_keys'),
    );
    const synchronous = await database.writes.run((manager) =>
      manager.query<[{ synchronous: number }]>('PRAGMA synchronous'),
    );

    expect(journal.journal_mode).toBe('wal');
    expect(busy.timeout).toBeGreaterThanOrEqual(1_000);
    expect(keys[0].foreign_keys).toBe(1);
    // 2 is FULL: what is committed survives a power cut.
    expect(synchronous[0].synchronous).toBe(2);
  });

  it('let nothing be written beside the queue', async () => {
    const beside = database.reader.getRepository(ConnectionRecord).delete({ node: 'nobody' });

    await expect(beside).rejects.toThrow(/readonly/i);
  });
});
