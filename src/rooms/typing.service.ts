import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Broker } from '../connections/broker/broker.js';
import type { UserConnection } from '../connections/connection.js';
import { roomTopic } from '../connections/topics.js';
import { iso } from '../database/columns.js';
import { encodeFrame } from '../protocol/encode-frame.js';
import { TYPING_EXPIRES_IN } from '../protocol/limits.js';

/** Typists that are remembered. Beyond it the oldest are ended early. */
const MAX_TYPISTS = 10_000;

interface Typist {
  readonly userId: number;
  readonly username: string;
  readonly roomId: number;
  /** The devices that have said so. */
  readonly devices: Set<string>;
  /** In milliseconds of `performance.now()`. */
  readonly expiresAt: number;
}

/**
 * Who is typing in which room: one state for a user, however many devices there are.
 *
 * It ends by itself, and the room never keeps somebody typing for ever: a `message` of the user, `user_left`
 * and `user_disconnected` say that it is over, and where none of them is sent, after the time is up or when
 * the device that typed has gone while others stay, a `user_typing` that expires at once does.
 */
@Injectable()
export class TypingService implements OnModuleDestroy {
  /** In the order in which they expire: whoever types again goes to the end. */
  private readonly typists = new Map<string, Typist>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly broker: Broker) {}

  onModuleDestroy(): void {
    clearTimeout(this.timer);
  }

  /** A device that has gone does not type: its last frames may be handled after that. */
  begin({ user, id, isOpen }: UserConnection, roomId: number): void {
    if (!isOpen) return;
    const key = keyOf(user.id, roomId);
    const devices = this.typists.get(key)?.devices ?? new Set();
    devices.add(id);
    this.typists.delete(key);
    const expiresAt = performance.now() + TYPING_EXPIRES_IN * 1_000;
    const typist = { userId: user.id, username: user.username, roomId, devices, expiresAt };
    this.typists.set(key, typist);
    this.tell(typist, TYPING_EXPIRES_IN);
    this.endOldest((_, count) => count > MAX_TYPISTS);
    this.timer ??= this.wakeFor(typist);
  }

  /** The room is told in another way that it is over. */
  forget(userId: number, roomId: number): void {
    this.typists.delete(keyOf(userId, roomId));
  }

  /** It ends for the room, if the user types there. */
  stop(userId: number, roomId: number): void {
    const typist = this.typists.get(keyOf(userId, roomId));
    if (typist) this.end(typist);
  }

  /** What was begun on a device ends with it, unless the user types on another one too. */
  deviceGone(connectionId: string): void {
    for (const typist of [...this.typists.values()]) {
      if (typist.devices.delete(connectionId) && typist.devices.size === 0) this.end(typist);
    }
  }

  private end(typist: Typist): void {
    this.forget(typist.userId, typist.roomId);
    this.tell(typist, 0);
  }

  private endOldest(isOver: (typist: Typist, count: number) => boolean): void {
    for (const typist of this.typists.values()) {
      if (!isOver(typist, this.typists.size)) return;
      this.end(typist);
    }
  }

  /** One timer for all, set for the first who expires; none while nobody types. */
  private wakeFor({ expiresAt }: Typist): NodeJS.Timeout {
    const wake = (): void => {
      const now = performance.now();
      this.endOldest((typist) => typist.expiresAt <= now);
      const [first] = this.typists.values();
      this.timer = first && this.wakeFor(first);
    };
    return setTimeout(wake, Math.ceil(expiresAt - performance.now())).unref();
  }

  private tell({ userId, username, roomId }: Typist, seconds: number): void {
    const frame = encodeFrame({
      type: 'user_typing',
      user_id: userId,
      username,
      room_id: roomId,
      timestamp: iso(Date.now()),
      expires_in: seconds,
    });
    const topic = roomTopic(roomId);
    this.broker.publish({ kind: 'frame', topic, frame, exceptUser: userId, ephemeral: true });
  }
}

function keyOf(userId: number, roomId: number): string {
  return `${userId} ${roomId}`;
}
