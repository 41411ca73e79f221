import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

const tickets = new Table({
  name: 'ws_tickets',
  columns: [
    { name: 'digest', type: 'varchar', length: '64', isPrimary: true },
    { name: 'user_id', type: 'integer' },
    { name: 'session_id', type: 'varchar', length: '36' },
    { name: 'expires_at', type: 'bigint' },
    { name: 'usable_until', type: 'bigint' },
  ],
  indices: [{ name: 'ws_tickets_usable_until', columnNames: ['usable_until'] }],
});

/**
 * Tickets that are good on every node. What lives half a minute need not survive a crash: in PostgreSQL the table is
 * not written to the log, so that nobody waits for a disk. SQLite has no such tables, and nothing is put into this one.
 */
export class WsTickets1795700000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(tickets);
    if (runner.connection.options.type === 'postgres')
      await runner.query('ALTER TABLE ws_tickets SET UNLOGGED');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable(tickets);
  }
}
