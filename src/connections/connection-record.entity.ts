import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { TimeColumn } from '../database/columns.js';
import type { EndpointName } from './endpoints.js';

/** The history of one socket: when, who, from where, and why it closed. */
@Entity('connections')
@Index('connections_open', ['node'], { where: '"closed_at" IS NULL' })
export class ConnectionRecord {
  @PrimaryColumn({ name: 'client_id', type: 'varchar', length: 36 })
  clientId: string;

  @Column({ type: 'varchar', length: 64 })
  node: string;

  @Column({ type: 'varchar', length: 16 })
  endpoint: EndpointName;

  /** No foreign key: the record outlives the account. */
  @Index('connections_user')
  @Column({ name: 'user_id', type: 'integer', nullable: true })
  userId: number | null;

  @Column({ name: 'room_id', type: 'integer', nullable: true })
  roomId: number | null;

  @Column({ type: 'varchar', length: 64 })
  address: string;

  @Column({ name: 'user_agent', type: 'varchar', length: 256 })
  userAgent: string;

  @TimeColumn({ name: 'opened_at' })
  openedAt: number;

  @TimeColumn({ name: 'closed_at', nullable: true })
  closedAt: number | null;

  /** RFC 6455 close code; null while open, and when the server died before the socket did. */
  @Column({ name: 'close_code', type: 'integer', nullable: true })
  closeCode: number | null;

  @Column({ name: 'close_reason', type: 'varchar', length: 128, nullable: true })
  closeReason: string | null;
}
