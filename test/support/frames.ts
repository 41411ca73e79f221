/**
 * What the server promises to send, written down a second time by hand: were these the server's own
 * types, a change of the wire would change its tests with it and go unseen.
 */
export interface ServerFrames {
  connection_established: {
    type: 'connection_established';
    user_id: number;
    username: string;
    client_id: string;
    token_expires_at: string;
    resumable: boolean;
    epoch: string;
  };
  message: MessageFrame;
  message_history: {
    type: 'message_history';
    room_id: number;
    messages: StoredMessage[];
    head_seq: number;
    epoch: string;
    has_more: boolean;
  };
  user_joined: PersonFrame<'user_joined'>;
  user_left: PersonFrame<'user_left'>;
  user_disconnected: PersonFrame<'user_disconnected'>;
  role_changed: PersonFrame<'role_changed'> & { role: string };
  muted: { type: 'muted'; room_id: number; until: string | null; reason: string | null };
  mute_lifted: { type: 'mute_lifted'; room_id: number };
  user_typing: PersonFrame<'user_typing'> & { expires_in: number };
  room_joined: { type: 'room_joined'; room_id: number; room_name: string; head_seq: number; epoch: string };
  room_left: { type: 'room_left'; room_id: number; reason: string };
  token_expiring: { type: 'token_expiring'; expires_at: string; seconds_left: number };
  error: ErrorFrame;
  pong: { type: 'pong'; timestamp: string };
  ack: AckFrame;
  echo: { type: 'echo'; content: string };
}

export type ServerFrame = ServerFrames[keyof ServerFrames];

/** A message as history and REST give it; `created_at` is REST's older name of `timestamp`. */
export interface StoredMessage {
  id: number;
  seq: number;
  content: string;
  room_id: number;
  user_id: number;
  username: string;
  timestamp: string;
  created_at?: string;
  reply_to: number | null;
  edited_at: string | null;
  client_msg_id?: string | null;
}

interface MessageFrame extends StoredMessage {
  type: 'message';
}

export interface AckFrame {
  type: 'ack';
  ref: string;
  id?: number;
  seq?: number;
  room_id?: number;
  duplicate?: boolean;
  token_expires_at?: string;
}

export interface ErrorFrame {
  type: 'error';
  content: string;
  code: string;
  retryable: boolean;
  ref?: string;
  room_id?: number;
  after_seq?: number;
  head_seq?: number;
  muted_until?: string;
}

interface PersonFrame<T extends string> {
  type: T;
  user_id: number;
  username: string;
  room_id: number;
  timestamp: string;
}

/** An error as REST tells it (RFC 9457). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  errors?: { field: string; message: string }[];
  muted_until?: string;
}
