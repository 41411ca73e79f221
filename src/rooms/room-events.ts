import { Injectable } from '@nestjs/common';
import { Broker } from '../connections/broker/broker.js';
import { roomTopic, userTopic } from '../connections/topics.js';
import { iso } from '../database/columns.js';
import { encodeFrame } from '../protocol/encode-frame.js';
import type { RoomLeftFrame } from '../protocol/room-frames.js';
import type { ServerFrame } from '../protocol/server-frames.js';
import type { RoomRole } from './room-capabilities.js';
import type { Terms } from './sanctions.js';
import { TypingService } from './typing.service.js';

/** The user that an event is about. */
export interface Somebody {
  readonly id: number;
  readonly username: string;
}

/** Tells a room what happens to its people. None of it is in the log. */
@Injectable()
export class RoomEvents {
  constructor(
    private readonly broker: Broker,
    private readonly typists: TypingService,
  ) {}

  joined(user: Somebody, roomId: number): void {
    const frame = encodeFrame({ type: 'user_joined', ...about(user, roomId) });
    this.broker.publish({ kind: 'frame', topic: roomTopic(roomId), frame });
  }

  /** Cuts the user's own sockets from the room before the others hear of it. */
  left(user: Somebody, roomId: number, reason: RoomLeftFrame['reason']): void {
    this.typists.forget(user.id, roomId);
    this.broker.publish({
      kind: 'drop',
      topic: userTopic(user.id),
      userId: user.id,
      from: roomTopic(roomId),
      farewell: encodeFrame({ type: 'room_left', room_id: roomId, reason }),
    });
    const frame = encodeFrame({ type: 'user_left', ...about(user, roomId) });
    this.broker.publish({ kind: 'frame', topic: roomTopic(roomId), frame });
  }

  roleChanged(user: Somebody, roomId: number, role: RoomRole): void {
    const frame = encodeFrame({ type: 'role_changed', ...about(user, roomId), role });
    this.broker.publish({ kind: 'frame', topic: roomTopic(roomId), frame });
  }

  /** Silences the user's own sockets, on whichever node, which ends their typing for the others. Nobody else is told. */
  muted(userId: number, roomId: number, { until, reason }: Terms): void {
    const end = until === null ? null : iso(until);
    this.silence(userId, roomId, until ?? Infinity, {
      type: 'muted',
      room_id: roomId,
      until: end,
      reason,
    });
  }

  unmuted(userId: number, roomId: number): void {
    this.silence(userId, roomId, 0, { type: 'mute_lifted', room_id: roomId });
  }

  private silence(userId: number, roomId: number, until: number, notice: ServerFrame): void {
    this.broker.publish({
      kind: 'silence',
      topic: userTopic(userId),
      userId,
      where: roomTopic(roomId),
      until,
      notice: encodeFrame(notice),
    });
  }

  disconnected(user: Somebody, roomId: number): void {
    this.typists.forget(user.id, roomId);
    const frame = encodeFrame({ type: 'user_disconnected', ...about(user, roomId) });
    this.broker.publish({ kind: 'frame', topic: roomTopic(roomId), frame, ephemeral: true });
  }
}

function about({ id, username }: Somebody, roomId: number) {
  return { user_id: id, username, room_id: roomId, timestamp: iso(Date.now()) };
}
