import { ApiProperty } from '@nestjs/swagger';
import { CATALOGUE, type ErrorCode } from '../errors/catalogue.js';
import { EPOCH, HEAD_SEQ, ROOM_ID, TIMESTAMP, USER_ID, USERNAME } from './frame-properties.js';
import { RECONNECT_MAX_MS, RECONNECT_MIN_MS } from './limits.js';
import {
  MuteLiftedFrame,
  MutedFrame,
  RoleChangedFrame,
  RoomJoinedFrame,
  RoomLeftFrame,
  UserDisconnectedFrame,
  UserJoinedFrame,
  UserLeftFrame,
  UserTypingFrame,
} from './room-frames.js';

export class SocketLimits {
  @ApiProperty({ type: 'integer', description: 'Bytes of one frame from the client.', example: 65536 })
  frame_bytes: number;
  @ApiProperty({ type: 'integer', description: 'Code points of one message.', example: 4000 })
  message_length: number;
  @ApiProperty({
    type: 'number',
    description: 'Frames a second on one socket, after the burst.',
    example: 50,
  })
  frames_per_second: number;
  @ApiProperty({
    type: 'number',
    description: 'Messages a second of one user, after the burst.',
    example: 10,
  })
  messages_per_second: number;
  @ApiProperty({
    type: 'integer',
    description: 'Bytes that may wait for the client before it is closed as too slow.',
    example: 1048576,
  })
  waiting_bytes: number;
}

export class ConnectionEstablishedFrame {
  @ApiProperty({ enum: ['connection_established'] })
  type: 'connection_established';
  @ApiProperty(USER_ID)
  user_id: number;
  @ApiProperty(USERNAME)
  username: string;
  @ApiProperty({ format: 'uuid', description: 'Names this socket, also in `/api/connections`.' })
  client_id: string;
  @ApiProperty({
    type: 'integer',
    description: 'Milliseconds between two protocol pings of the server.',
    example: 25000,
  })
  heartbeat_interval_ms: number;
  @ApiProperty({ type: 'integer', description: 'Milliseconds a client has to answer one.', example: 8000 })
  heartbeat_timeout_ms: number;
  @ApiProperty({
    ...TIMESTAMP,
    description: 'When the token ends, and with it this socket.',
  })
  token_expires_at: string;
  @ApiProperty({ description: 'Whether `after_seq` brings back what was missed.' })
  resumable: boolean;
  @ApiProperty(EPOCH)
  epoch: string;
  @ApiProperty({
    type: 'integer',
    description: 'Milliseconds before the first attempt to come back after a lost connection.',
    example: RECONNECT_MIN_MS,
  })
  reconnect_min_ms: number;
  @ApiProperty({
    type: 'integer',
    description: 'Milliseconds between two attempts at most.',
    example: RECONNECT_MAX_MS,
  })
  reconnect_max_ms: number;
  @ApiProperty({ type: SocketLimits })
  limits: SocketLimits;
}

export class HistoryMessage {
  @ApiProperty({ type: 'integer', example: 99 })
  id: number;
  @ApiProperty({
    type: 'integer',
    description: 'Place in the log of the room: 1, 2, 3 and so on, without holes.',
    example: 42,
  })
  seq: number;
  @ApiProperty({ example: 'hello' })
  content: string;
  @ApiProperty(USER_ID)
  user_id: number;
  @ApiProperty(USERNAME)
  username: string;
  @ApiProperty(TIMESTAMP)
  timestamp: string;
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'The id of the message that this one answers.',
  })
  reply_to: number | null;
  @ApiProperty({
    format: 'date-time',
    type: String,
    nullable: true,
    description: 'When the text was last changed.',
  })
  edited_at: string | null;
  @ApiProperty({ required: false, description: 'Only to the author: the id that the client gave.' })
  client_msg_id?: string;
}

export class MessageSentFrame extends HistoryMessage {
  @ApiProperty({ enum: ['message'] })
  type: 'message';
  @ApiProperty(ROOM_ID)
  room_id: number;
}

export class MessageHistoryFrame {
  @ApiProperty({ enum: ['message_history'] })
  type: 'message_history';
  @ApiProperty(ROOM_ID)
  room_id: number;
  @ApiProperty({ type: [HistoryMessage], description: 'Oldest first.' })
  messages: HistoryMessage[];
  @ApiProperty(HEAD_SEQ)
  head_seq: number;
  @ApiProperty(EPOCH)
  epoch: string;
  @ApiProperty({
    description: 'Another page of this catch-up follows; false on the last, then live frames come.',
  })
  has_more: boolean;
}

export class ErrorFrame {
  @ApiProperty({ enum: ['error'] })
  type: 'error';
  @ApiProperty({ description: 'For people.', example: 'You are not a member of this room.' })
  content: string;
  @ApiProperty({ enum: Object.keys(CATALOGUE), description: 'For programs.', example: 'not_a_member' })
  code: ErrorCode;
  @ApiProperty({ required: false, description: 'The `ref` of the frame that it answers.' })
  ref?: string;
  @ApiProperty({ description: 'Whether the same frame may succeed when sent again.' })
  retryable: boolean;
  @ApiProperty({ type: 'integer', required: false, description: 'Seconds to wait before that.' })
  retry_after?: number;
  @ApiProperty({
    type: 'integer',
    required: false,
    description:
      'With `gap`: the room, and the newest `seq` that there is. With another code: the room that this socket hears no more.',
  })
  room_id?: number;
  @ApiProperty({ type: 'integer', required: false })
  after_seq?: number;
  @ApiProperty({ type: 'integer', required: false })
  head_seq?: number;
  @ApiProperty({ ...TIMESTAMP, required: false, description: 'With `muted`: when it ends by itself.' })
  muted_until?: string;
}

export class PongFrame {
  @ApiProperty({ enum: ['pong'] })
  type: 'pong';
  @ApiProperty(TIMESTAMP)
  timestamp: string;
}

/** What a handled frame made; becomes an `ack` with the frame's `ref`. */
export class AckFacts {
  @ApiProperty({ type: 'integer', required: false, description: 'The id of the message that was stored.' })
  id?: number;
  @ApiProperty({ type: 'integer', required: false, description: 'Its place in the log of the room.' })
  seq?: number;
  @ApiProperty({ type: 'integer', required: false, description: 'The room that was meant.' })
  room_id?: number;
  @ApiProperty({ required: false, description: 'True when a retry found the message already stored.' })
  duplicate?: boolean;
  @ApiProperty({
    format: 'date-time',
    required: false,
    description: 'Of `authenticate`: when the token ends that the socket has now.',
  })
  token_expires_at?: string;
}

export class AckFrame extends AckFacts {
  @ApiProperty({ enum: ['ack'] })
  type: 'ack';
  @ApiProperty({ description: 'The `ref` of the frame that it answers.', example: 'r1' })
  ref: string;
}

class TokenExpiringFrame {
  @ApiProperty({
    enum: ['token_expiring'],
    description: 'This socket ends soon, unless it gets another token.',
  })
  type: 'token_expiring';
  @ApiProperty({ ...TIMESTAMP, description: 'When its token ends.' })
  expires_at: string;
  @ApiProperty({ type: 'integer', description: 'Seconds until then.', example: 60 })
  seconds_left: number;
}

class EchoFrame {
  @ApiProperty({ enum: ['echo'] })
  type: 'echo';
  @ApiProperty({ example: 'Received: hello' })
  content: string;
}

/** Every frame that the server may send. */
export const SERVER_FRAMES = {
  connection_established: ConnectionEstablishedFrame,
  message: MessageSentFrame,
  message_history: MessageHistoryFrame,
  user_joined: UserJoinedFrame,
  user_left: UserLeftFrame,
  user_disconnected: UserDisconnectedFrame,
  role_changed: RoleChangedFrame,
  muted: MutedFrame,
  mute_lifted: MuteLiftedFrame,
  user_typing: UserTypingFrame,
  room_joined: RoomJoinedFrame,
  room_left: RoomLeftFrame,
  token_expiring: TokenExpiringFrame,
  error: ErrorFrame,
  pong: PongFrame,
  ack: AckFrame,
  echo: EchoFrame,
} as const;

export type ServerFrame = InstanceType<(typeof SERVER_FRAMES)[keyof typeof SERVER_FRAMES]>;
