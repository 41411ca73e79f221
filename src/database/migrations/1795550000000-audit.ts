import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

const auditEntries = new Table({
  name: 'audit_entries',
  columns: [
    {
      name: 'id',
      type: 'integer',
      isPrimary: true,
      isGenerated: true,
      generationStrategy: 'increment',
    },
    { name: 'happened_at', type: 'bigint' },
    { name: 'actor_id', type: 'integer', isNullable: true },
    { name: 'actor_name', type: 'varchar', length: '128' },
    { name: 'action', type: 'varchar', length: '32' },
    { name: 'user_id', type: 'integer', isNullable: true },
    { name: 'room_id', type: 'integer', isNullable: true },
    { name: 'facts', type: 'varchar', length: '4000' },
    { name: 'request_id', type: 'varchar', length: '64' },
    { name: 'address', type: 'varchar', length: '64' },
  ],
  indices: [
    { name: 'audit_entries_actor', columnNames: ['actor_id'] },
    { name: 'audit_entries_user', columnNames: ['user_id'] },
    { name: 'audit_entries_room', columnNames: ['room_id'] },
  ],
});

/** Who did what to whom. */
export class Audit1795550000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(auditEntries);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable(auditEntries);
  }
}
