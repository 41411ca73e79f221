import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import { askableId, iso } from '../database/columns.js';
import { WriteQueue } from '../database/write-queue.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { UsersService } from '../users/users.service.js';
import { Mute } from './mute.entity.js';
import { RoomAccess } from './room-access.js';
import { RoomEvents } from './room-events.js';
import type { MuteDto, SanctionDto, SanctionsQuery } from './sanctions.dto.js';
import { factsOf, inForce, pageOf, termsOf, type SanctionsPage } from './sanctions.js';

/**
 * Who may read a room but not send to it. Messages are refused in the transaction that would store them, so all
 * that were acknowledged come before the mute; typing is refused as soon as the sockets know.
 */
@Injectable()
export class MutesService {
  constructor(
    @InjectRepository(Mute) private readonly mutes: Repository<Mute>,
    private readonly writes: WriteQueue,
    private readonly access: RoomAccess,
    private readonly events: RoomEvents,
    private readonly users: UsersService,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Mutes somebody, member or not. A second mute takes the place of the first.
   *
   * @throws AppError `room_not_found` | `forbidden` | `user_not_found`
   */
  async mute(
    actor: AuthenticatedUser,
    roomId: number,
    userId: number,
    sanction: SanctionDto,
  ): Promise<MuteDto> {
    await this.access.requireOver(actor.id, roomId, userId, 'mute');
    const user = await this.users.get(userId);
    const mute = await this.writes.alone({ room: roomId }, async (manager) => {
      await this.access.requireOver(actor.id, roomId, userId, 'mute', manager);
      const terms = termsOf(sanction);
      const mute = { roomId, userId, mutedBy: actor.id, mutedAt: Date.now(), ...terms };
      await manager.upsert(Mute, mute, ['roomId', 'userId']);
      await this.audit.record(manager, actor, {
        action: 'user_muted',
        userId,
        roomId,
        facts: factsOf(terms),
      });
      return mute;
    });
    this.events.muted(userId, roomId, mute);
    return toDto({ ...mute, user });
  }

  /** @throws AppError `room_not_found` | `forbidden` */
  async unmute(actor: AuthenticatedUser, roomId: number, userId: number): Promise<void> {
    await this.access.requireOver(actor.id, roomId, userId, 'mute');
    const wasMuted = await this.writes.alone({ room: roomId }, async (manager) => {
      await this.access.requireOver(actor.id, roomId, userId, 'mute', manager);
      if (!(await manager.existsBy(Mute, { roomId, userId: askableId(userId) }))) return false;
      await manager.delete(Mute, { roomId, userId });
      await this.audit.record(manager, actor, { action: 'mute_lifted', userId, roomId });
      return true;
    });
    if (wasMuted) this.events.unmuted(userId, roomId);
  }

  /** @throws AppError `room_not_found` | `forbidden` */
  async list(
    actor: AuthenticatedUser,
    roomId: number,
    query: SanctionsQuery,
  ): Promise<SanctionsPage<MuteDto>> {
    await this.access.require(actor.id, roomId, 'mute');
    const mutes = await this.mutes.find(inForce(roomId, query));
    return pageOf(mutes.map(toDto), query);
  }
}

function toDto({ userId, user, mutedBy, mutedAt, until, reason }: Mute): MuteDto {
  return {
    user_id: userId,
    username: user?.username ?? '',
    muted_by: mutedBy,
    muted_at: iso(mutedAt),
    until: until === null ? null : iso(until),
    reason,
  };
}
