import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import { WriteQueue } from '../database/write-queue.js';
import { AppError } from '../errors/app-error.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { UsersService } from '../users/users.service.js';
import { asMemberDto } from './member-view.js';
import { Membership } from './membership.entity.js';
import { Mute } from './mute.entity.js';
import { RoomAccess, type RoomStanding } from './room-access.js';
import type { MemberRole } from './room-capabilities.js';
import { RoomEvents, type Somebody } from './room-events.js';
import { RoomQuotas } from './room-quotas.js';
import { asRoomDto } from './room-view.js';
import { Room } from './room.entity.js';
import type { MemberDto, RoomDto } from './rooms.dto.js';

/** Who has which role in a room. A room has exactly one owner at any time: it is a column of the room. */
@Injectable()
export class RoomRolesService {
  constructor(
    private readonly writes: WriteQueue,
    private readonly access: RoomAccess,
    private readonly quotas: RoomQuotas,
    private readonly events: RoomEvents,
    private readonly users: UsersService,
    private readonly audit: AuditLog,
  ) {}

  /** @throws AppError `room_not_found` | `forbidden` | `user_not_found` | `not_in_room` */
  async change(
    actor: AuthenticatedUser,
    roomId: number,
    userId: number,
    role: MemberRole,
  ): Promise<MemberDto> {
    await this.access.requireOver(actor.id, roomId, userId, 'change_roles');
    const user = await this.users.get(userId);
    const { room, member, isNew } = await this.writes.alone({ room: roomId }, async (manager) => {
      const target = await this.access.requireOver(actor.id, roomId, userId, 'change_roles', manager);
      const member = await memberOf(manager, roomId, userId);
      const isNew = member.role !== role;
      if (isNew) await this.give(manager, actor, roomId, userId, role);
      return { room: target.room, member, isNew };
    });
    if (isNew) this.events.roleChanged(user, roomId, role);
    return asMemberDto({ ...member, role, user }, room);
  }

  /**
   * Hands the room over to another member. Who owned it becomes an admin, if they are still a member. The new
   * owner is muted no longer: nobody else could lift it.
   *
   * @returns the room as the old owner sees it now
   * @throws AppError `room_not_found` | `forbidden` | `user_not_found` | `not_in_room` | `too_many_rooms_owned`
   */
  async transfer(owner: AuthenticatedUser, roomId: number, userId: number): Promise<RoomDto> {
    await this.access.requireOver(owner.id, roomId, userId, 'transfer_ownership');
    const heir = await this.users.get(userId);
    const { left, wasMuted } = await this.writes.alone({ room: roomId, user: userId }, async (manager) => {
      await this.access.requireOver(owner.id, roomId, userId, 'transfer_ownership', manager);
      await memberOf(manager, roomId, userId);
      await this.quotas.checkOwned(manager, userId);
      await manager.update(Room, { id: roomId }, { ownerId: userId });
      await manager.update(Membership, { roomId, userId: owner.id }, { role: 'admin' });
      await manager.update(Membership, { roomId, userId }, { role: 'member' });
      const wasMuted = await manager.existsBy(Mute, { roomId, userId });
      if (wasMuted) await manager.delete(Mute, { roomId, userId });
      await this.audit.record(manager, owner, { action: 'ownership_transferred', userId, roomId });
      return { left: await this.access.standingOf(owner.id, roomId, manager), wasMuted };
    });
    this.tellOfTransfer(owner, heir, left);
    if (wasMuted) this.events.unmuted(userId, roomId);
    return asRoomDto(left);
  }

  private tellOfTransfer(owner: AuthenticatedUser, heir: Somebody, { room, role }: RoomStanding): void {
    if (role !== null) this.events.roleChanged(owner, room.id, role);
    this.events.roleChanged(heir, room.id, 'owner');
  }

  private async give(
    manager: EntityManager,
    actor: AuthenticatedUser,
    roomId: number,
    userId: number,
    role: MemberRole,
  ): Promise<void> {
    await manager.update(Membership, { roomId, userId }, { role });
    await this.audit.record(manager, actor, { action: 'room_role_changed', userId, roomId, facts: { role } });
  }
}

async function memberOf(manager: EntityManager, roomId: number, userId: number): Promise<Membership> {
  const member = await manager.findOneBy(Membership, { roomId, userId });
  if (!member) throw new AppError('not_in_room', { detail: 'This user is not in the room.' });
  return member;
}
