import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { TimeColumn } from '../database/columns.js';

/** A ticket that was not used yet, where several nodes share the database; a single node keeps them in memory. */
@Entity('ws_tickets')
export class WsTicket {
  /** SHA-256, in hex: the ticket itself is known to its client only. */
  @PrimaryColumn({ type: 'varchar', length: 64 })
  digest: string;

  /** No foreign keys: it lives half a minute, and whoever uses it is looked up. */
  @Column({ name: 'user_id', type: 'integer' })
  userId: number;

  @Column({ name: 'session_id', type: 'varchar', length: 36 })
  sessionId: string;

  /** The end of the access token that has bought it. */
  @TimeColumn({ name: 'expires_at' })
  expiresAt: number;

  @Index('ws_tickets_usable_until')
  @TimeColumn({ name: 'usable_until' })
  usableUntil: number;
}
