import { Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { TimeColumn } from '../database/columns.js';
import { User } from '../users/user.entity.js';
import { Room } from './room.entity.js';

/** A user belongs to a room. Durable: it has nothing to do with open sockets. */
@Entity('memberships')
export class Membership {
  @PrimaryColumn({ name: 'room_id', type: 'integer' })
  roomId: number;

  @ManyToOne(() => Room, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'room_id', foreignKeyConstraintName: 'memberships_room_fk' })
  room?: Relation<Room>;

  @Index('memberships_user')
  @PrimaryColumn({ name: 'user_id', type: 'integer' })
  userId: number;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'memberships_user_fk' })
  user?: Relation<User>;

  @TimeColumn({ name: 'joined_at' })
  joinedAt: number;
}
