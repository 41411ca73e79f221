import { Column, Entity, Index } from 'typeorm';
import { GeneratedId, TimeColumn } from '../database/columns.js';
import type { AuditAction } from './audit-actions.js';

/** As JSON: a reason of 500 characters may need six for each. */
const FACTS_MAX = 4_000;

/** Who did what to whom. No foreign keys: an entry outlives the people and the rooms that it is about. */
@Entity('audit_entries')
export class AuditEntry {
  @GeneratedId()
  id: number;

  @TimeColumn({ name: 'happened_at' })
  happenedAt: number;

  @Index('audit_entries_actor')
  @Column({ name: 'actor_id', type: 'integer', nullable: true })
  actorId: number | null;

  /** The name at that time; for what was done on the command line, whose it was. */
  @Column({ name: 'actor_name', type: 'varchar', length: 128 })
  actorName: string;

  @Column({ type: 'varchar', length: 32 })
  action: AuditAction;

  /** Whom it was done to. */
  @Index('audit_entries_user')
  @Column({ name: 'user_id', type: 'integer', nullable: true })
  userId: number | null;

  @Index('audit_entries_room')
  @Column({ name: 'room_id', type: 'integer', nullable: true })
  roomId: number | null;

  /** Further facts as a JSON object. */
  @Column({ type: 'varchar', length: FACTS_MAX })
  facts: string;

  @Column({ name: 'request_id', type: 'varchar', length: 64 })
  requestId: string;

  @Column({ type: 'varchar', length: 64 })
  address: string;
}
