import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { TimeColumn } from '../database/columns.js';
import { User } from '../users/user.entity.js';

/** A login. Access tokens name it, and end with it. */
@Entity('sessions')
export class Session {
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id: string;

  @Index('sessions_user')
  @Column({ name: 'user_id', type: 'integer' })
  userId: number;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'sessions_user_fk' })
  user?: Relation<User>;

  /** SHA-256 of the refresh token, in hex: the token itself is known to its client only. */
  @Column({ name: 'refresh_hash', type: 'varchar', length: 64 })
  refreshHash: string;

  @TimeColumn({ name: 'created_at' })
  createdAt: number;

  @TimeColumn({ name: 'last_used_at' })
  lastUsedAt: number;

  @TimeColumn({ name: 'expires_at' })
  expiresAt: number;

  @TimeColumn({ name: 'ended_at', nullable: true })
  endedAt: number | null;

  @Column({ type: 'varchar', length: 64 })
  address: string;

  @Column({ name: 'user_agent', type: 'varchar', length: 256 })
  userAgent: string;
}
