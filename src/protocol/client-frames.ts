import { CLIENT_MSG_ID_MAX, EPOCH_MAX, REF_MAX, TOKEN_MAX } from './limits.js';
import { Integer, Text } from './fields.js';

/** What every client frame may carry. */
class ClientFrame {
  @Text(
    { minLength: 0, maxLength: REF_MAX },
    {
      description: 'Chosen by the client; answered by exactly one `ack` or `error` with the same `ref`.',
      optional: true,
      example: 'r1',
    },
  )
  ref?: string | null;
}

export class MessageFrame extends ClientFrame {
  @Text({ enum: ['message'] }, { description: 'May be left out.', optional: true })
  type?: 'message';

  @Integer({ minimum: 1 }, { description: 'Needed on `/ws/auth`; a room socket fills it in.', example: 1 })
  room_id: number;

  @Text(
    {},
    { description: 'The text. Its longest length is in `connection_established.limits`.', example: 'hello' },
  )
  content: string;

  @Text(
    { maxLength: CLIENT_MSG_ID_MAX },
    {
      description: 'Makes a retry harmless: the same id gives the original message.',
      optional: true,
      example: '0b9c2a1e',
    },
  )
  client_msg_id?: string | null;

  @Integer({ minimum: 1 }, { description: 'The id of a message of the same room.', optional: true })
  reply_to?: number | null;
}

export class JoinRoomFrame extends ClientFrame {
  @Text({ enum: ['join_room'] }, { description: 'Joins a room and listens to it. `/ws/auth` only.' })
  type: 'join_room';

  @Integer({ minimum: 1 }, { description: 'The room.', example: 1 })
  room_id: number;

  @Integer(
    { minimum: 0 },
    {
      description: 'The last `seq` that the client has: everything after it follows.',
      optional: true,
      example: 41,
    },
  )
  after_seq?: number | null;

  @Text(
    { maxLength: EPOCH_MAX },
    {
      description: 'The `epoch` of the newest `message_history` that the client has of this room.',
      optional: true,
      example: 'f2b1c6d0-7c3e-4a53-9b0e-5a1d0f6f7c11',
    },
  )
  epoch?: string | null;
}

export class LeaveRoomFrame extends ClientFrame {
  @Text({ enum: ['leave_room'] }, { description: 'Ends the membership. `/ws/auth` only.' })
  type: 'leave_room';

  @Integer({ minimum: 1 }, { description: 'The room.', example: 1 })
  room_id: number;
}

export class TypingFrame extends ClientFrame {
  @Text({ enum: ['typing'] }, { description: 'The user is typing. Send it again while it lasts.' })
  type: 'typing';

  @Integer({ minimum: 1 }, { description: 'Needed on `/ws/auth`; a room socket fills it in.', example: 1 })
  room_id: number;
}

export class AuthenticateFrame extends ClientFrame {
  @Text(
    { enum: ['authenticate'] },
    { description: 'Lets the socket live on with a newer token of the same user.' },
  )
  type: 'authenticate';

  @Text({ maxLength: TOKEN_MAX }, { description: 'The access token.', example: 'eyJhbGciOiJIUzI1NiJ9…' })
  token: string;
}

export class PingFrame extends ClientFrame {
  @Text({ enum: ['ping'] }, { description: 'Answered by `pong`.' })
  type: 'ping';
}

/** Every frame that a client may send. The parser, the types and the documents come from this table. */
export const CLIENT_FRAMES = {
  message: MessageFrame,
  join_room: JoinRoomFrame,
  leave_room: LeaveRoomFrame,
  typing: TypingFrame,
  authenticate: AuthenticateFrame,
  ping: PingFrame,
} as const;

export type ClientFrameType = keyof typeof CLIENT_FRAMES;
export const CLIENT_FRAME_TYPES = Object.keys(CLIENT_FRAMES).filter(isClientFrameType);

export type ClientFrameOf<T extends ClientFrameType> = InstanceType<(typeof CLIENT_FRAMES)[T]>;
export type AnyClientFrame = ClientFrameOf<ClientFrameType>;

function isClientFrameType(type: string): type is ClientFrameType {
  return Object.hasOwn(CLIENT_FRAMES, type);
}
