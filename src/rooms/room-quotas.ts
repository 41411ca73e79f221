import { Injectable } from '@nestjs/common';
import { MoreThan, type EntityManager } from 'typeorm';
import { Settings } from '../config/settings.js';
import { AppError } from '../errors/app-error.js';
import { Invitation } from './invitation.entity.js';
import { Membership } from './membership.entity.js';
import { Room } from './room.entity.js';

/** How much there may be. Counted in the transaction that adds to it, so that no crowd gets past a limit together. */
@Injectable()
export class RoomQuotas {
  constructor(private readonly settings: Settings) {}

  /** @throws AppError `too_many_memberships` before one more of this user */
  async checkMemberships(manager: EntityManager, userId: number): Promise<void> {
    const count = await manager.countBy(Membership, { userId });
    if (count >= this.settings.limits.roomsPerUser) throw new AppError('too_many_memberships');
  }

  /** @throws AppError `too_many_rooms_owned` before one more of this user */
  async checkOwned(manager: EntityManager, ownerId: number): Promise<void> {
    const count = await manager.countBy(Room, { ownerId });
    if (count >= this.settings.limits.roomsOwned) throw new AppError('too_many_rooms_owned');
  }

  /** @throws AppError `too_many_invitations` before one more that could be used */
  async checkInvitations(manager: EntityManager, roomId: number): Promise<void> {
    const unexpired = await manager.findBy(Invitation, { roomId, expiresAt: MoreThan(Date.now()) });
    const open = unexpired.filter(({ uses, maxUses }) => uses < maxUses);
    if (open.length >= this.settings.limits.invitationsPerRoom) throw new AppError('too_many_invitations');
  }
}
