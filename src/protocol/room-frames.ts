import { ApiProperty } from '@nestjs/swagger';
import { EPOCH, HEAD_SEQ, ROOM_ID, TIMESTAMP, USER_ID, USERNAME } from './frame-properties.js';

class AboutUserInRoom {
  @ApiProperty(USER_ID)
  user_id: number;
  @ApiProperty(USERNAME)
  username: string;
  @ApiProperty(ROOM_ID)
  room_id: number;
  @ApiProperty(TIMESTAMP)
  timestamp: string;
}

export class UserJoinedFrame extends AboutUserInRoom {
  @ApiProperty({ enum: ['user_joined'], description: 'Became a member.' })
  type: 'user_joined';
}

export class UserLeftFrame extends AboutUserInRoom {
  @ApiProperty({ enum: ['user_left'], description: 'Is a member no longer.' })
  type: 'user_left';
}

/** `rooms/` knows the roles; here they are words. */
export class RoleChangedFrame extends AboutUserInRoom {
  @ApiProperty({ enum: ['role_changed'], description: 'Has another role from here on.' })
  type: 'role_changed';
  @ApiProperty({ enum: ['owner', 'admin', 'member'], description: 'The new role.' })
  role: 'owner' | 'admin' | 'member';
}

export class MutedFrame {
  @ApiProperty({ enum: ['muted'], description: 'You may read the room, but neither send nor type.' })
  type: 'muted';
  @ApiProperty(ROOM_ID)
  room_id: number;
  @ApiProperty({
    ...TIMESTAMP,
    type: String,
    nullable: true,
    description: 'When it ends by itself; null when it has to be lifted.',
  })
  until: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'Why.' })
  reason: string | null;
}

export class MuteLiftedFrame {
  @ApiProperty({ enum: ['mute_lifted'], description: 'You may send again.' })
  type: 'mute_lifted';
  @ApiProperty(ROOM_ID)
  room_id: number;
}

export class UserDisconnectedFrame extends AboutUserInRoom {
  @ApiProperty({
    enum: ['user_disconnected'],
    description: 'The last socket of a member in the room has closed.',
  })
  type: 'user_disconnected';
}

export class UserTypingFrame extends AboutUserInRoom {
  @ApiProperty({ enum: ['user_typing'] })
  type: 'user_typing';
  @ApiProperty({
    type: 'integer',
    description: 'Seconds after which to stop showing it. 0: the user has stopped.',
    example: 6,
  })
  expires_in: number;
}

export class RoomJoinedFrame {
  @ApiProperty({ enum: ['room_joined'] })
  type: 'room_joined';
  @ApiProperty(ROOM_ID)
  room_id: number;
  @ApiProperty({ example: 'lobby' })
  room_name: string;
  @ApiProperty(HEAD_SEQ)
  head_seq: number;
  @ApiProperty(EPOCH)
  epoch: string;
}

export class RoomLeftFrame {
  @ApiProperty({ enum: ['room_left'], description: 'This socket hears nothing of the room from here on.' })
  type: 'room_left';
  @ApiProperty(ROOM_ID)
  room_id: number;
  @ApiProperty({ enum: ['left', 'kicked', 'banned'], description: 'Why.' })
  reason: 'left' | 'kicked' | 'banned';
}
