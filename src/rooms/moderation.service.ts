import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import { askableId, iso } from '../database/columns.js';
import { WriteQueue } from '../database/write-queue.js';
import { AppError } from '../errors/app-error.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { UsersService } from '../users/users.service.js';
import { Ban } from './ban.entity.js';
import { Membership } from './membership.entity.js';
import { RoomAccess } from './room-access.js';
import { RoomEvents } from './room-events.js';
import type { BanDto, SanctionDto, SanctionsQuery } from './sanctions.dto.js';
import { factsOf, inForce, pageOf, termsOf, type SanctionsPage } from './sanctions.js';

/** Who is sent away from a room, and who is kept out of it. */
@Injectable()
export class ModerationService {
  constructor(
    @InjectRepository(Ban) private readonly bans: Repository<Ban>,
    private readonly writes: WriteQueue,
    private readonly access: RoomAccess,
    private readonly events: RoomEvents,
    private readonly users: UsersService,
    private readonly audit: AuditLog,
  ) {}

  /** @throws AppError `room_not_found` | `forbidden` | `user_not_found` | `not_in_room` */
  async kick(actor: AuthenticatedUser, roomId: number, userId: number): Promise<void> {
    await this.access.requireOver(actor.id, roomId, userId, 'kick');
    const somebody = await this.users.get(userId);
    await this.writes.alone({ room: roomId }, async (manager) => {
      const { isMember } = await this.access.requireOver(actor.id, roomId, userId, 'kick', manager);
      if (!isMember) throw new AppError('not_in_room', { detail: 'This user is not in the room.' });
      await manager.delete(Membership, { roomId, userId });
      await this.audit.record(manager, actor, { action: 'member_kicked', userId, roomId });
    });
    this.events.left(somebody, roomId, 'kicked');
  }

  /**
   * Keeps somebody out, member or not. A second ban takes the place of the first.
   *
   * @throws AppError `room_not_found` | `forbidden` | `user_not_found`
   */
  async ban(actor: AuthenticatedUser, roomId: number, userId: number, sanction: SanctionDto): Promise<void> {
    await this.access.requireOver(actor.id, roomId, userId, 'ban');
    const somebody = await this.users.get(userId);
    const wasMember = await this.writes.alone({ room: roomId }, async (manager) => {
      const { isMember } = await this.access.requireOver(actor.id, roomId, userId, 'ban', manager);
      if (isMember) await manager.delete(Membership, { roomId, userId });
      const terms = termsOf(sanction);
      const ban = { roomId, userId, bannedBy: actor.id, bannedAt: Date.now(), ...terms };
      await manager.upsert(Ban, ban, ['roomId', 'userId']);
      await this.audit.record(manager, actor, {
        action: 'user_banned',
        userId,
        roomId,
        facts: factsOf(terms),
      });
      return isMember;
    });
    if (wasMember) this.events.left(somebody, roomId, 'banned');
  }

  /** @throws AppError `room_not_found` | `forbidden` */
  async unban(actor: AuthenticatedUser, roomId: number, userId: number): Promise<void> {
    // Whoever is banned has no role in the room, so there is nobody to be above.
    await this.access.require(actor.id, roomId, 'ban');
    await this.writes.alone({ room: roomId }, async (manager) => {
      await this.access.require(actor.id, roomId, 'ban', manager);
      if (!(await manager.existsBy(Ban, { roomId, userId: askableId(userId) }))) return;
      await manager.delete(Ban, { roomId, userId });
      await this.audit.record(manager, actor, { action: 'ban_lifted', userId, roomId });
    });
  }

  /** @throws AppError `room_not_found` | `forbidden` */
  async list(
    actor: AuthenticatedUser,
    roomId: number,
    query: SanctionsQuery,
  ): Promise<SanctionsPage<BanDto>> {
    await this.access.require(actor.id, roomId, 'ban');
    const bans = await this.bans.find(inForce(roomId, query));
    return pageOf(bans.map(toDto), query);
  }
}

function toDto({ userId, user, bannedBy, bannedAt, until, reason }: Ban): BanDto {
  return {
    user_id: userId,
    username: user?.username ?? '',
    banned_by: bannedBy,
    banned_at: iso(bannedAt),
    until: until === null ? null : iso(until),
    reason,
  };
}
