import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository } from 'typeorm';
import { iso } from '../database/columns.js';
import { foldName } from '../database/fold-name.js';
import { WriteQueue } from '../database/write-queue.js';
import { AppError } from '../errors/app-error.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { PAGE_MAX } from '../protocol/limits.js';
import { Membership } from './membership.entity.js';
import { RoomAccess, type RoomFacts } from './room-access.js';
import { Room } from './room.entity.js';
import type { CreateRoomDto, RoomDto, RoomRole, RoomsQuery } from './rooms.dto.js';

@Injectable()
export class RoomsService {
  constructor(
    @InjectRepository(Room) private readonly rooms: Repository<Room>,
    @InjectRepository(Membership) private readonly memberships: Repository<Membership>,
    private readonly writes: WriteQueue,
    private readonly access: RoomAccess,
  ) {}

  /**
   * Makes a room. Its creator owns it and is its first member.
   *
   * @throws AppError `room_name_taken` by another public room, if this one is to be public
   */
  async create(owner: AuthenticatedUser, draft: CreateRoomDto): Promise<RoomDto> {
    const { name, description } = draft;
    const visibility = draft.visibility ?? 'public';
    const nameKey = foldName(name);
    const createdAt = Date.now();
    return this.writes.run(async (manager) => {
      const isTaken = visibility === 'public' && (await manager.existsBy(Room, { nameKey, visibility }));
      if (isTaken) throw new AppError('room_name_taken');
      const room = manager.create(Room, {
        name,
        nameKey,
        description: description ?? null,
        visibility,
        ownerId: owner.id,
        headSeq: 0,
        createdAt,
      });
      await manager.insert(Room, room);
      await manager.insert(Membership, { roomId: room.id, userId: owner.id, joinedAt: createdAt });
      return toDto(room, owner.id, true);
    });
  }

  /** Public rooms, and private ones that the user belongs to, oldest first. */
  async list(user: AuthenticatedUser, { skip = 0, limit = PAGE_MAX }: RoomsQuery): Promise<RoomDto[]> {
    const rooms = await this.rooms
      .createQueryBuilder('room')
      .leftJoin(Membership, 'mine', 'mine.roomId = room.id AND mine.userId = :userId', { userId: user.id })
      .where("room.visibility = 'public' OR mine.userId IS NOT NULL OR room.ownerId = :userId")
      .orderBy('room.id')
      .offset(skip)
      .limit(limit)
      .getMany();
    const mine = await this.memberships.findBy({ userId: user.id, roomId: In(rooms.map((room) => room.id)) });
    const joined = new Set(mine.map((membership) => membership.roomId));
    return rooms.map((room) => toDto(room, user.id, joined.has(room.id)));
  }

  /** @throws AppError `room_not_found` */
  async get(user: AuthenticatedUser, roomId: number): Promise<RoomDto> {
    const { room, isMember } = await this.access.visible(user.id, roomId);
    return toDto(room, user.id, isMember);
  }
}

function toDto(room: RoomFacts, userId: number, isMember: boolean): RoomDto {
  return {
    id: room.id,
    name: room.name,
    description: room.description,
    visibility: room.visibility,
    created_at: iso(room.createdAt),
    owner_id: room.ownerId,
    head_seq: room.headSeq,
    is_member: isMember,
    role: roleOf(room, userId, isMember),
  };
}

function roleOf(room: RoomFacts, userId: number, isMember: boolean): RoomRole | null {
  if (room.ownerId === userId) return 'owner';
  return isMember ? 'member' : null;
}
