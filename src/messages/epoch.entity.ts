import { Column, Entity, Index } from 'typeorm';
import { GeneratedId, TimeColumn } from '../database/columns.js';

/** A stretch of the logs. With SQLite it begins with a start of the server, with PostgreSQL when the origin changes. */
@Entity('epochs')
export class Epoch {
  @GeneratedId()
  id: number;

  @Index('epochs_name', { unique: true })
  @Column({ type: 'varchar', length: 36 })
  name: string;

  /** Every message that was stored before has a smaller id, every one that is stored from then on has not. */
  @Column({ name: 'first_message_id', type: 'integer' })
  firstMessageId: number;

  @TimeColumn({ name: 'started_at' })
  startedAt: number;

  /** Where the database was, as PostgreSQL tells it. */
  @Column({ type: 'varchar', length: 64, nullable: true })
  origin: string | null;
}
