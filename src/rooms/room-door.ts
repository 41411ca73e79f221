import { Injectable } from '@nestjs/common';
import { Backlog } from '../connections/backlog.js';
import type { UserConnection } from '../connections/connection.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import type { RoomEntrance } from '../connections/handshake.js';
import type { Subscription } from '../connections/subscription.js';
import { roomTopic } from '../connections/topics.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { MembershipsService } from './memberships.service.js';
import { RoomAccess } from './room-access.js';
import type { Room } from './room.entity.js';

/** Where membership becomes subscription: the way of a socket into a room. */
@Injectable()
export class RoomDoor implements RoomEntrance {
  constructor(
    private readonly memberships: MembershipsService,
    private readonly access: RoomAccess,
    private readonly registry: ConnectionRegistry,
    private readonly backlog: Backlog,
  ) {}

  async admit(user: AuthenticatedUser, roomId: number): Promise<void> {
    await this.memberships.join(user, roomId);
  }

  /** A room socket: its client hears history first, so its frames wait until that is sent. */
  async enter(connection: UserConnection, roomId: number, afterSeq: number | undefined): Promise<void> {
    const { subscription } = await this.listen(connection, roomId);
    await this.backlog.bring(subscription, afterSeq);
  }

  /** `join_room`: the caller is told at once; history follows while other frames are handled. */
  async join(connection: UserConnection, roomId: number, afterSeq: number | undefined): Promise<void> {
    await this.memberships.join(connection.user, roomId);
    const { subscription, room } = await this.listen(connection, roomId);
    connection.send({ type: 'room_joined', room_id: room.id, room_name: room.name, head_seq: room.headSeq });
    void this.backlog.bring(subscription, afterSeq);
  }

  /**
   * Listens first and looks at the membership after: whoever is sent away in between is either found out by
   * the look, or has the subscription taken away.
   */
  private async listen(
    connection: UserConnection,
    roomId: number,
  ): Promise<{ subscription: Subscription; room: Room }> {
    const topic = roomTopic(roomId);
    const subscription = await this.registry.subscribe(connection, topic);
    try {
      const { room } = await this.access.asMember(connection.user.id, roomId);
      return { subscription, room };
    } catch (error) {
      this.registry.unsubscribe(connection, topic);
      throw error;
    }
  }
}
