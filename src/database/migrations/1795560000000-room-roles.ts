import {
  Table,
  TableColumn,
  TableIndex,
  type MigrationInterface,
  type QueryRunner,
  type TableColumnOptions,
} from 'typeorm';

const integer = (name: string): TableColumnOptions => ({ name, type: 'integer' });
const key = (name: string): TableColumnOptions => ({ name, type: 'integer', isPrimary: true });
const time = (name: string): TableColumnOptions => ({ name, type: 'bigint' });
const optional = (column: TableColumnOptions): TableColumnOptions => ({ ...column, isNullable: true });
const reason = optional({ name: 'reason', type: 'varchar', length: '500' });
const reference = (name: string, column: string, table: string) => ({
  name,
  columnNames: [column],
  referencedTableName: table,
  referencedColumnNames: ['id'],
  onDelete: 'CASCADE',
});

const mutes = new Table({
  name: 'mutes',
  columns: [
    key('room_id'),
    key('user_id'),
    integer('muted_by'),
    time('muted_at'),
    optional(time('until')),
    reason,
  ],
  indices: [{ name: 'mutes_user', columnNames: ['user_id'] }],
  foreignKeys: [
    reference('mutes_room_fk', 'room_id', 'rooms'),
    reference('mutes_user_fk', 'user_id', 'users'),
  ],
});

const invitations = new Table({
  name: 'invitations',
  columns: [
    {
      ...integer('id'),
      isPrimary: true,
      isGenerated: true,
      generationStrategy: 'increment',
    },
    integer('room_id'),
    { name: 'code_hash', type: 'varchar', length: '64' },
    integer('created_by'),
    time('created_at'),
    time('expires_at'),
    integer('max_uses'),
    integer('uses'),
  ],
  indices: [
    { name: 'invitations_code_hash', columnNames: ['code_hash'], isUnique: true },
    { name: 'invitations_room', columnNames: ['room_id'] },
  ],
  foreignKeys: [
    reference('invitations_room_fk', 'room_id', 'rooms'),
    reference('invitations_creator_fk', 'created_by', 'users'),
  ],
});

const joined = new TableIndex({
  name: 'memberships_joined',
  columnNames: ['room_id', 'joined_at', 'user_id'],
});

/** Roles of members; bans that end, with reasons; mutes; invitations. */
export class RoomRoles1795560000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.addColumn(
      'memberships',
      new TableColumn({ name: 'role', type: 'varchar', length: '16', default: "'member'" }),
    );
    await runner.createIndex('memberships', joined);
    await runner.addColumns('bans', [new TableColumn(optional(time('until'))), new TableColumn(reason)]);
    await runner.createTable(mutes);
    await runner.createTable(invitations);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable(invitations);
    await runner.dropTable(mutes);
    await runner.dropColumns('bans', ['until', 'reason']);
    await runner.dropIndex('memberships', joined);
    await runner.dropColumn('memberships', 'role');
  }
}
