import { Module, type OnModuleInit } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import { ConnectionsModule } from '../connections/connections.module.js';
import { Handshake } from '../connections/handshake.js';
import { roomOf } from '../connections/topics.js';
import { UsersModule } from '../users/users.module.js';
import { Ban } from './ban.entity.js';
import { BansController } from './bans.controller.js';
import { Invitation } from './invitation.entity.js';
import { ExpiredRows } from './expired-rows.js';
import { InvitationsController } from './invitations.controller.js';
import { InvitationsService } from './invitations.service.js';
import { MembersController } from './members.controller.js';
import { Membership } from './membership.entity.js';
import { MembershipsService } from './memberships.service.js';
import { ModerationService } from './moderation.service.js';
import { Mute } from './mute.entity.js';
import { MutesController } from './mutes.controller.js';
import { MutesService } from './mutes.service.js';
import { RoomAccess } from './room-access.js';
import { RoomEvents } from './room-events.js';
import { RoomQuotas } from './room-quotas.js';
import { RoomRights } from './room-rights.js';
import { RoomRolesService } from './room-roles.service.js';
import { RoomSocketsService } from './room-sockets.service.js';
import { Room } from './room.entity.js';
import { RoomsController } from './rooms.controller.js';
import { RoomsGateway } from './rooms.gateway.js';
import { RoomsService } from './rooms.service.js';
import { TypingService } from './typing.service.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([Room, Membership, Ban, Mute, Invitation]),
    ConnectionsModule,
    UsersModule,
  ],
  controllers: [RoomsController, MembersController, BansController, MutesController, InvitationsController],
  providers: [
    ExpiredRows,
    InvitationsService,
    MembershipsService,
    ModerationService,
    MutesService,
    RoomAccess,
    RoomEvents,
    RoomQuotas,
    RoomRights,
    RoomRolesService,
    RoomSocketsService,
    RoomsGateway,
    RoomsService,
    TypingService,
  ],
  exports: [RoomAccess, TypingService],
})
export class RoomsModule implements OnModuleInit {
  constructor(
    private readonly handshake: Handshake,
    private readonly registry: ConnectionRegistry,
    private readonly sockets: RoomSocketsService,
    private readonly events: RoomEvents,
    private readonly typists: TypingService,
  ) {}

  /** `rooms/` is who lets sockets into rooms, and who says that somebody's last one has gone. */
  onModuleInit(): void {
    this.handshake.enterRoomsThrough(this.sockets);
    this.registry.onLastSocket((user, topic) => {
      const roomId = roomOf(topic);
      if (roomId !== undefined) this.events.disconnected(user, roomId);
    });
    this.registry.onSilenced((userId, topic) => {
      const roomId = roomOf(topic);
      if (roomId !== undefined) this.typists.stop(userId, roomId);
    });
    this.registry.onSocketClosed(({ id }) => this.typists.deviceGone(id));
  }
}
