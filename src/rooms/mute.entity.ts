import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { TimeColumn } from '../database/columns.js';
import { REASON_MAX } from '../protocol/limits.js';
import { User } from '../users/user.entity.js';
import { Room } from './room.entity.js';

/** A user may not send to a room until it ends. A row of its own: leaving and coming back is no way out. */
@Entity('mutes')
export class Mute {
  @PrimaryColumn({ name: 'room_id', type: 'integer' })
  roomId: number;

  @ManyToOne(() => Room, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'room_id', foreignKeyConstraintName: 'mutes_room_fk' })
  room?: Relation<Room>;

  @Index('mutes_user')
  @PrimaryColumn({ name: 'user_id', type: 'integer' })
  userId: number;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'mutes_user_fk' })
  user?: Relation<User>;

  @Column({ name: 'muted_by', type: 'integer' })
  mutedBy: number;

  @TimeColumn({ name: 'muted_at' })
  mutedAt: number;

  /** When it ends by itself; nothing when it has to be lifted. */
  @TimeColumn({ nullable: true })
  until: number | null;

  @Column({ type: 'varchar', length: REASON_MAX, nullable: true })
  reason: string | null;
}
