import { Column, Entity, Index, JoinColumn, ManyToOne, type Relation } from 'typeorm';
import { GeneratedId, TimeColumn } from '../database/columns.js';
import { ROOM_DESCRIPTION_MAX, ROOM_NAME_MAX } from '../protocol/limits.js';
import { User } from '../users/user.entity.js';

export const VISIBILITIES = ['public', 'private'] as const;
export type Visibility = (typeof VISIBILITIES)[number];

@Entity('rooms')
@Index('rooms_public_name_key', ['nameKey'], { unique: true, where: `"visibility" = 'public'` })
export class Room {
  @GeneratedId()
  id: number;

  @Column({ type: 'varchar', length: ROOM_NAME_MAX })
  name: string;

  /** The name as it is compared. Only public names are unique: a clash must not betray a private room. */
  @Column({ name: 'name_key', type: 'varchar', length: ROOM_NAME_MAX * 4 })
  nameKey: string;

  @Column({ type: 'varchar', length: ROOM_DESCRIPTION_MAX, nullable: true })
  description: string | null;

  @Column({ type: 'varchar', length: 16 })
  visibility: Visibility;

  @Index('rooms_owner')
  @Column({ name: 'owner_id', type: 'integer' })
  ownerId: number;

  @ManyToOne(() => User)
  @JoinColumn({ name: 'owner_id', foreignKeyConstraintName: 'rooms_owner_fk' })
  owner?: Relation<User>;

  /** The newest `seq` of the room's log; moved only in the commit that appends. */
  @Column({ name: 'head_seq', type: 'integer', default: 0 })
  headSeq: number;

  @TimeColumn({ name: 'created_at' })
  createdAt: number;
}
