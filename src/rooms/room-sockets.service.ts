import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import type { Cursor } from '../connections/catch-up.js';
import { CatchUpService } from '../connections/catch-up.service.js';
import type { UserConnection } from '../connections/connection.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import type { RoomEntrance } from '../connections/handshake.js';
import type { Subscription } from '../connections/subscription.js';
import { roomTopic } from '../connections/topics.js';
import { AppError } from '../errors/app-error.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { MembershipsService } from './memberships.service.js';
import { RoomAccess, type RoomFacts } from './room-access.js';
import { muted } from './room-capabilities.js';
import { TypingService } from './typing.service.js';

/** Rooms as sockets see them: where membership becomes subscription. */
@Injectable()
export class RoomSocketsService implements RoomEntrance {
  constructor(
    private readonly settings: Settings,
    private readonly memberships: MembershipsService,
    private readonly access: RoomAccess,
    private readonly registry: ConnectionRegistry,
    private readonly catchUps: CatchUpService,
    private readonly typists: TypingService,
  ) {}

  async admit(user: AuthenticatedUser, roomId: number): Promise<void> {
    await this.memberships.join(user, roomId);
  }

  /** A room socket: its client hears history first, so its frames wait until that is sent. */
  async enter(connection: UserConnection, roomId: number, cursor: Cursor | undefined): Promise<void> {
    const { subscription } = await this.listen(connection, roomId);
    await this.catchUps.bring(subscription, cursor);
  }

  /**
   * `join_room`: the caller is told at once; history follows while other frames are handled.
   *
   * @throws AppError `not_on_this_socket` | `too_many_rooms`, or what joining throws
   */
  async join(connection: UserConnection, roomId: number, cursor: Cursor | undefined): Promise<void> {
    refuseOnRoomSocket(connection);
    this.refuseOneTooMany(connection, roomId);
    await this.memberships.join(connection.user, roomId);
    const { subscription, room } = await this.listen(connection, roomId);
    const { id, name, headSeq } = room;
    const { epoch } = this.catchUps;
    connection.send({ type: 'room_joined', room_id: id, room_name: name, head_seq: headSeq, epoch });
    void this.catchUps.bring(subscription, cursor);
  }

  /** @throws AppError `not_on_this_socket`, or what leaving throws */
  async leave(connection: UserConnection, roomId: number): Promise<void> {
    refuseOnRoomSocket(connection);
    const isListening = connection.topics.has(roomTopic(roomId));
    await this.memberships.leave(connection.user, roomId);
    // A socket that listened has been told with all the others of its user.
    if (!isListening) connection.send({ type: 'room_left', room_id: roomId, reason: 'left' });
  }

  /** @throws AppError `room_not_found` | `not_a_member` | `muted` */
  async typing(connection: UserConnection, roomId: number): Promise<void> {
    // Whoever listens is a member: the end of a membership ends the subscription in the same turn. A mute is told
    // to the subscription just so.
    const silencedUntil = this.registry.subscriptionOf(connection, roomTopic(roomId))?.silencedUntil;
    if (silencedUntil === undefined) await this.access.require(connection.user.id, roomId, 'send');
    else if (silencedUntil > Date.now()) throw muted(silencedUntil);
    this.typists.begin(connection, roomId);
  }

  private refuseOneTooMany({ topics }: UserConnection, roomId: number): void {
    const isFull = topics.size >= this.settings.limits.roomsPerConnection;
    if (isFull && !topics.has(roomTopic(roomId))) throw new AppError('too_many_rooms');
  }

  /**
   * Listens first and looks at the membership after: whoever is sent away in between is either found out by
   * the look, or has the subscription taken away. Then it is looked again: what was seen is out of date.
   */
  private async listen(
    connection: UserConnection,
    roomId: number,
  ): Promise<{ subscription: Subscription; room: RoomFacts }> {
    const topic = roomTopic(roomId);
    const subscription = await this.registry.subscribe(connection, topic);
    try {
      const { room, mutedUntil } = await this.access.require(connection.user.id, roomId, 'read');
      subscription.silencedUntil ??= mutedUntil;
      const wasTaken = subscription.ended && connection.isOpen;
      return wasTaken ? await this.listen(connection, roomId) : { subscription, room };
    } catch (thrown) {
      this.registry.unsubscribe(connection, topic);
      // An earlier subscription has given way to this one: the client has to hear that it is deaf now.
      throw this.catchUps.failureOf(topic, thrown);
    }
  }
}

function refuseOnRoomSocket(connection: UserConnection): void {
  if (connection.boundRoom !== undefined) throw new AppError('not_on_this_socket');
}
