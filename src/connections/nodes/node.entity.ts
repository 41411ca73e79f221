import { Column, Entity, PrimaryColumn } from 'typeorm';
import { TimeColumn } from '../../database/columns.js';

/** A server that runs on this database, or did a moment ago. */
@Entity('nodes')
export class Node {
  @PrimaryColumn({ type: 'varchar', length: 64 })
  name: string;

  /** Another one after each start. */
  @Column({ type: 'varchar', length: 36 })
  life: string;

  /** Counts up while it lives. Others see that it does, whatever their clocks say. */
  @Column({ type: 'integer' })
  beats: number;

  @TimeColumn({ name: 'started_at' })
  startedAt: number;
}
