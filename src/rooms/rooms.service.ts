import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import { foldName } from '../database/fold-name.js';
import { WriteQueue } from '../database/write-queue.js';
import { AppError } from '../errors/app-error.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { PAGE_MAX } from '../protocol/limits.js';
import { Membership } from './membership.entity.js';
import { MembershipsService } from './memberships.service.js';
import { RoomAccess } from './room-access.js';
import { isHidden } from './room-capabilities.js';
import { RoomQuotas } from './room-quotas.js';
import { asRoomDto } from './room-view.js';
import { Room } from './room.entity.js';
import type { CreateRoomDto, RoomDto, RoomsQuery } from './rooms.dto.js';

@Injectable()
export class RoomsService {
  constructor(
    @InjectRepository(Room) private readonly rooms: Repository<Room>,
    private readonly writes: WriteQueue,
    private readonly access: RoomAccess,
    private readonly memberships: MembershipsService,
    private readonly quotas: RoomQuotas,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Makes a room. Its creator owns it and is its first member.
   *
   * @throws AppError `room_name_taken` by another public room, if this one is to be public |
   *   `too_many_rooms_owned` | `too_many_memberships`
   */
  async create(owner: AuthenticatedUser, draft: CreateRoomDto): Promise<RoomDto> {
    const { name, description } = draft;
    const visibility = draft.visibility ?? 'public';
    const nameKey = foldName(name);
    const standing = await this.writes.alone({ user: owner.id }, async (manager) => {
      await this.quotas.checkOwned(manager, owner.id);
      const isTaken = visibility === 'public' && (await manager.existsBy(Room, { nameKey, visibility }));
      if (isTaken) throw new AppError('room_name_taken');
      const room = manager.create(Room, {
        name,
        nameKey,
        description: description ?? null,
        visibility,
        ownerId: owner.id,
        headSeq: 0,
        createdAt: Date.now(),
      });
      await manager.insert(Room, room);
      await this.memberships.enter(manager, room.id, owner.id);
      const facts = { visibility };
      await this.audit.record(manager, owner, { action: 'room_created', roomId: room.id, facts });
      return this.access.standingOf(owner.id, room.id, manager);
    });
    return asRoomDto(standing);
  }

  /** Public rooms, and private ones that the user belongs to, oldest first. */
  async list(user: AuthenticatedUser, { skip = 0, limit = PAGE_MAX }: RoomsQuery): Promise<RoomDto[]> {
    const found = await this.rooms
      .createQueryBuilder('room')
      .select('room.id', 'id')
      .leftJoin(Membership, 'mine', 'mine.roomId = room.id AND mine.userId = :userId', { userId: user.id })
      .where("room.visibility = 'public' OR mine.userId IS NOT NULL OR room.ownerId = :userId")
      .orderBy('room.id')
      .offset(skip)
      .limit(limit)
      .getRawMany<{ id: number }>();
    const standings = await Promise.all(found.map(({ id }) => this.access.standingOf(user.id, id)));
    return standings.filter((standing) => !isHidden(standing)).map(asRoomDto);
  }

  /** @throws AppError `room_not_found` */
  async get(user: AuthenticatedUser, roomId: number): Promise<RoomDto> {
    return asRoomDto(await this.access.visible(user.id, roomId));
  }
}
