import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

const nodes = new Table({
  name: 'nodes',
  columns: [
    { name: 'name', type: 'varchar', length: '64', isPrimary: true },
    { name: 'life', type: 'varchar', length: '36' },
    { name: 'beats', type: 'integer' },
    { name: 'started_at', type: 'bigint' },
  ],
});

/** Which servers run on this database. */
export class Nodes1795650000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(nodes);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable(nodes);
  }
}
