import { Column, Entity, Index, JoinColumn, ManyToOne, type Relation } from 'typeorm';
import { GeneratedId, TimeColumn } from '../database/columns.js';
import { User } from '../users/user.entity.js';
import { Room } from './room.entity.js';

/** Whoever knows its code may become a member. Only the hash of the code is stored. */
@Entity('invitations')
export class Invitation {
  @GeneratedId()
  id: number;

  @Index('invitations_room')
  @Column({ name: 'room_id', type: 'integer' })
  roomId: number;

  @ManyToOne(() => Room, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'room_id', foreignKeyConstraintName: 'invitations_room_fk' })
  room?: Relation<Room>;

  /** SHA-256 in hexadecimal. The code is random and long: a slow hash would protect nothing more. */
  @Index('invitations_code_hash', { unique: true })
  @Column({ name: 'code_hash', type: 'varchar', length: 64 })
  codeHash: string;

  @Column({ name: 'created_by', type: 'integer' })
  createdBy: number;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'created_by', foreignKeyConstraintName: 'invitations_creator_fk' })
  creator?: Relation<User>;

  @TimeColumn({ name: 'created_at' })
  createdAt: number;

  @TimeColumn({ name: 'expires_at' })
  expiresAt: number;

  @Column({ name: 'max_uses', type: 'integer' })
  maxUses: number;

  @Column({ type: 'integer' })
  uses: number;
}
