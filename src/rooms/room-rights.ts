import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Broker } from '../connections/broker/broker.js';
import type { Connection } from '../connections/connection.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { LostEnvelopes } from '../connections/lost-envelopes.js';
import { roomOf, roomTopic, userTopic } from '../connections/topics.js';
import { AppError } from '../errors/app-error.js';
import { encodeFrame } from '../protocol/encode-frame.js';
import { RoomAccess, type RoomStanding } from './room-access.js';
import { refusalOf } from './room-capabilities.js';

/** Somebody who listens to a room on this node, on one socket or more. */
interface Listener {
  readonly userId: number;
  readonly roomId: number;
  readonly connections: Connection[];
}

/** Finds out who listens to a room and may not any more, when the command that says so was lost on its way. */
@Injectable()
export class RoomRights implements OnModuleInit {
  constructor(
    private readonly lost: LostEnvelopes,
    private readonly registry: ConnectionRegistry,
    private readonly access: RoomAccess,
    private readonly broker: Broker,
  ) {}

  onModuleInit(): void {
    this.lost.alsoCheck(
      () => listenersOf(this.registry.connections),
      (listener) => this.check(listener),
    );
  }

  private async check({ userId, roomId, connections }: Listener): Promise<void> {
    const standing = await this.standingOf(userId, roomId);
    if (!standing || refusalOf(standing, 'read')) {
      const reason = standing?.isBanned ? 'banned' : 'left';
      const farewell = encodeFrame({ type: 'room_left', room_id: roomId, reason });
      const from = roomTopic(roomId);
      return this.broker.offer({ kind: 'drop', topic: userTopic(userId), userId, from, farewell });
    }
    for (const connection of connections) {
      const subscription = this.registry.subscriptionOf(connection, roomTopic(roomId));
      if (subscription) subscription.silencedUntil = standing.mutedUntil;
    }
  }

  private async standingOf(userId: number, roomId: number): Promise<RoomStanding | undefined> {
    try {
      return await this.access.standingOf(userId, roomId);
    } catch (error) {
      if (error instanceof AppError && error.code === 'room_not_found') return undefined;
      throw error;
    }
  }
}

function listenersOf(connections: Iterable<Connection>): Listener[] {
  const listeners = new Map<string, Listener>();
  for (const connection of connections) {
    const userId = connection.user?.id;
    if (userId === undefined) continue;
    for (const topic of connection.topics) {
      const roomId = roomOf(topic);
      if (roomId === undefined) continue;
      const key = `${userId} ${roomId}`;
      const known = listeners.get(key);
      if (known) known.connections.push(connection);
      else listeners.set(key, { userId, roomId, connections: [connection] });
    }
  }
  return [...listeners.values()];
}
