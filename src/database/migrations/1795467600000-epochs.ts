import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

const epochs = new Table({
  name: 'epochs',
  columns: [
    {
      name: 'id',
      type: 'integer',
      isPrimary: true,
      isGenerated: true,
      generationStrategy: 'increment',
    },
    { name: 'name', type: 'varchar', length: '36' },
    { name: 'first_message_id', type: 'integer' },
    { name: 'started_at', type: 'bigint' },
  ],
  indices: [{ name: 'epochs_name', columnNames: ['name'], isUnique: true }],
});

/** What the logs were called, and up to which message: a client that resumes says which of them it read. */
export class Epochs1795467600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(epochs);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable(epochs);
  }
}
