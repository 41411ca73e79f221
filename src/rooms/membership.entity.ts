import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, type Relation } from 'typeorm';
import { TimeColumn } from '../database/columns.js';
import { User } from '../users/user.entity.js';
import type { MemberRole } from './room-capabilities.js';
import { Room } from './room.entity.js';

/** A user belongs to a room. Durable: it has nothing to do with open sockets. */
@Entity('memberships')
@Index('memberships_joined', ['roomId', 'joinedAt', 'userId'])
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

  /** Not of the owner: whose room it is, the room says, also when its owner has left. */
  @Column({ type: 'varchar', length: 16, default: 'member' })
  role: MemberRole;
}
