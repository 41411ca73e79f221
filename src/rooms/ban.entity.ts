import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { TimeColumn } from '../database/columns.js';
import { REASON_MAX } from '../protocol/limits.js';
import { User } from '../users/user.entity.js';
import { Room } from './room.entity.js';

/** A user may not join a room, not even a public one, until it ends. */
@Entity('bans')
export class Ban {
  @PrimaryColumn({ name: 'room_id', type: 'integer' })
  roomId: number;

  @ManyToOne(() => Room, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'room_id', foreignKeyConstraintName: 'bans_room_fk' })
  room?: Relation<Room>;

  @Index('bans_user')
  @PrimaryColumn({ name: 'user_id', type: 'integer' })
  userId: number;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'bans_user_fk' })
  user?: Relation<User>;

  @Column({ name: 'banned_by', type: 'integer' })
  bannedBy: number;

  @TimeColumn({ name: 'banned_at' })
  bannedAt: number;

  /** When it ends by itself; nothing when it has to be lifted. */
  @TimeColumn({ nullable: true })
  until: number | null;

  @Column({ type: 'varchar', length: REASON_MAX, nullable: true })
  reason: string | null;
}
