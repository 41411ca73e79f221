import { Table, type MigrationInterface, type QueryRunner, type TableColumnOptions } from 'typeorm';

type Length = number;

const generatedId: TableColumnOptions = {
  name: 'id',
  type: 'integer',
  isPrimary: true,
  isGenerated: true,
  generationStrategy: 'increment',
};
const integer = (name: string): TableColumnOptions => ({ name, type: 'integer' });
const key = (name: string): TableColumnOptions => ({ name, type: 'integer', isPrimary: true });
const time = (name: string): TableColumnOptions => ({ name, type: 'bigint' });
const text = (name: string, length: Length): TableColumnOptions => ({
  name,
  type: 'varchar',
  length: String(length),
});
const optional = (column: TableColumnOptions): TableColumnOptions => ({ ...column, isNullable: true });
const reference = (name: string, column: string, table: string, onDelete?: 'CASCADE') => ({
  name,
  columnNames: [column],
  referencedTableName: table,
  referencedColumnNames: ['id'],
  ...(onDelete ? { onDelete } : {}),
});

const users = new Table({
  name: 'users',
  columns: [
    generatedId,
    text('username', 64),
    text('username_key', 256),
    text('email', 254),
    text('email_key', 1016),
    text('password_hash', 100),
    { name: 'is_active', type: 'boolean' },
    { ...text('role', 16), default: "'user'" },
    time('created_at'),
  ],
  indices: [
    { name: 'users_username_key', columnNames: ['username_key'], isUnique: true },
    { name: 'users_email_key', columnNames: ['email_key'], isUnique: true },
  ],
});

const sessions = new Table({
  name: 'sessions',
  columns: [
    { ...text('id', 36), isPrimary: true },
    integer('user_id'),
    text('refresh_hash', 64),
    time('created_at'),
    time('last_used_at'),
    time('expires_at'),
    optional(time('ended_at')),
    text('address', 64),
    text('user_agent', 256),
  ],
  indices: [{ name: 'sessions_user', columnNames: ['user_id'] }],
  foreignKeys: [reference('sessions_user_fk', 'user_id', 'users', 'CASCADE')],
});

const rooms = new Table({
  name: 'rooms',
  columns: [
    generatedId,
    text('name', 100),
    text('name_key', 400),
    optional(text('description', 1000)),
    text('visibility', 16),
    integer('owner_id'),
    { ...integer('head_seq'), default: 0 },
    time('created_at'),
  ],
  indices: [
    {
      name: 'rooms_public_name_key',
      columnNames: ['name_key'],
      isUnique: true,
      where: `"visibility" = 'public'`,
    },
    { name: 'rooms_owner', columnNames: ['owner_id'] },
  ],
  foreignKeys: [reference('rooms_owner_fk', 'owner_id', 'users')],
});

const memberships = new Table({
  name: 'memberships',
  columns: [key('room_id'), key('user_id'), time('joined_at')],
  indices: [{ name: 'memberships_user', columnNames: ['user_id'] }],
  foreignKeys: [
    reference('memberships_room_fk', 'room_id', 'rooms', 'CASCADE'),
    reference('memberships_user_fk', 'user_id', 'users', 'CASCADE'),
  ],
});

const bans = new Table({
  name: 'bans',
  columns: [key('room_id'), key('user_id'), integer('banned_by'), time('banned_at')],
  indices: [{ name: 'bans_user', columnNames: ['user_id'] }],
  foreignKeys: [
    reference('bans_room_fk', 'room_id', 'rooms', 'CASCADE'),
    reference('bans_user_fk', 'user_id', 'users', 'CASCADE'),
  ],
});

const messages = new Table({
  name: 'messages',
  columns: [
    generatedId,
    integer('room_id'),
    integer('seq'),
    integer('user_id'),
    { name: 'content', type: 'text' },
    optional(text('client_msg_id', 128)),
    optional(integer('reply_to')),
    time('created_at'),
    optional(time('edited_at')),
  ],
  indices: [
    { name: 'messages_room_seq', columnNames: ['room_id', 'seq'], isUnique: true },
    {
      name: 'messages_retry',
      columnNames: ['room_id', 'user_id', 'client_msg_id'],
      isUnique: true,
      where: '"client_msg_id" IS NOT NULL',
    },
  ],
  foreignKeys: [
    reference('messages_room_fk', 'room_id', 'rooms', 'CASCADE'),
    reference('messages_user_fk', 'user_id', 'users'),
  ],
});

const connections = new Table({
  name: 'connections',
  columns: [
    { ...text('client_id', 36), isPrimary: true },
    text('node', 64),
    text('endpoint', 16),
    optional(integer('user_id')),
    optional(integer('room_id')),
    text('address', 64),
    text('user_agent', 256),
    time('opened_at'),
    optional(time('closed_at')),
    optional(integer('close_code')),
    optional(text('close_reason', 128)),
  ],
  indices: [
    { name: 'connections_open', columnNames: ['node'], where: '"closed_at" IS NULL' },
    { name: 'connections_user', columnNames: ['user_id'] },
  ],
});

const tables = [users, sessions, rooms, memberships, bans, messages, connections];

/** Every table of the first release, through the schema API, so that it serves both databases. */
export class InitialSchema1763830800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const table of tables) await runner.createTable(table);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of [...tables].reverse()) await runner.dropTable(table);
  }
}
