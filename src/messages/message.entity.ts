import { Column, Entity, Index, JoinColumn, ManyToOne, type Relation } from 'typeorm';
import { GeneratedId, TimeColumn } from '../database/columns.js';
import { CLIENT_MSG_ID_MAX } from '../protocol/limits.js';
import { Room } from '../rooms/room.entity.js';
import { User } from '../users/user.entity.js';

/** One entry of a room's log. The database itself keeps `seq` and retries unique. */
@Entity('messages')
@Index('messages_room_seq', ['roomId', 'seq'], { unique: true })
@Index('messages_retry', ['roomId', 'userId', 'clientMsgId'], {
  unique: true,
  where: '"client_msg_id" IS NOT NULL',
})
export class Message {
  @GeneratedId()
  id: number;

  @Column({ name: 'room_id', type: 'integer' })
  roomId: number;

  @ManyToOne(() => Room, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'room_id', foreignKeyConstraintName: 'messages_room_fk' })
  room?: Relation<Room>;

  @Column({ type: 'integer' })
  seq: number;

  @Column({ name: 'user_id', type: 'integer' })
  userId: number;

  @ManyToOne(() => User)
  @JoinColumn({ name: 'user_id', foreignKeyConstraintName: 'messages_user_fk' })
  user?: Relation<User>;

  @Column({ type: 'text' })
  content: string;

  @Column({ name: 'client_msg_id', type: 'varchar', length: CLIENT_MSG_ID_MAX, nullable: true })
  clientMsgId: string | null;

  /** The id of the message that this one answers, of the same room. */
  @Column({ name: 'reply_to', type: 'integer', nullable: true })
  replyTo: number | null;

  @TimeColumn({ name: 'created_at' })
  createdAt: number;

  @TimeColumn({ name: 'edited_at', nullable: true })
  editedAt: number | null;
}
