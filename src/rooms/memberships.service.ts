import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type EntityManager } from 'typeorm';
import { iso } from '../database/columns.js';
import { WriteQueue } from '../database/write-queue.js';
import { AppError } from '../errors/app-error.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { UsersService } from '../users/users.service.js';
import { Ban } from './ban.entity.js';
import { Membership } from './membership.entity.js';
import { RoomAccess, type RoomFacts } from './room-access.js';
import { RoomEvents, type Somebody } from './room-events.js';
import type { MemberDto } from './rooms.dto.js';

/**
 * Who belongs to which room. A change is committed, then live sockets follow it, then the room hears of it:
 * whichever way somebody leaves, REST or socket, of themselves or not, it means the same.
 */
@Injectable()
export class MembershipsService {
  constructor(
    @InjectRepository(Membership) private readonly memberships: Repository<Membership>,
    private readonly writes: WriteQueue,
    private readonly access: RoomAccess,
    private readonly events: RoomEvents,
    private readonly users: UsersService,
  ) {}

  /**
   * Makes the user a member. Whoever is one already stays one, and nobody is told.
   *
   * @throws AppError `room_not_found` | `room_is_private` | `banned`
   */
  async join(user: AuthenticatedUser, roomId: number): Promise<RoomFacts> {
    const before = await this.access.standingOf(user.id, roomId);
    if (before.isMember) return before.room;
    const { room, isNew } = await this.writes.run(async (manager) => {
      const standing = await this.access.standingOf(user.id, roomId, manager);
      if (standing.isMember) return { room: standing.room, isNew: false };
      if (standing.isBanned) throw new AppError('banned');
      if (standing.room.visibility === 'private' && !standing.isOwner) throw new AppError('room_is_private');
      await addMember(manager, roomId, user.id);
      return { room: standing.room, isNew: true };
    });
    if (isNew) this.events.joined(user, roomId);
    return room;
  }

  /** @throws AppError `room_not_found` | `not_in_room` */
  async leave(user: AuthenticatedUser, roomId: number): Promise<RoomFacts> {
    const room = await this.writes.run(async (manager) => {
      const standing = await this.access.visible(user.id, roomId, manager);
      if (!standing.isMember) throw new AppError('not_in_room');
      await manager.delete(Membership, { roomId, userId: user.id });
      return standing.room;
    });
    this.events.left(user, roomId, 'left');
    return room;
  }

  /** @throws AppError `room_not_found` | `not_a_member` */
  async list(user: AuthenticatedUser, roomId: number): Promise<MemberDto[]> {
    const { room } = await this.access.asMember(user.id, roomId);
    const members = await this.memberships.find({
      where: { roomId },
      relations: { user: true },
      order: { joinedAt: 'ASC', userId: 'ASC' },
    });
    return members.map((member) => toDto(member, room));
  }

  /** @throws AppError `room_not_found` | `forbidden` | `user_not_found` | `banned` */
  async add(owner: AuthenticatedUser, roomId: number, userId: number): Promise<MemberDto> {
    await this.access.asOwner(owner.id, roomId);
    const somebody = await this.users.get(userId);
    const { room, member, isNew } = await this.writes.run(async (manager) => {
      const { room } = await this.access.asOwner(owner.id, roomId, manager);
      const existing = await manager.findOneBy(Membership, { roomId, userId });
      if (existing) return { room, member: existing, isNew: false };
      if (await manager.existsBy(Ban, { roomId, userId })) {
        throw new AppError('banned', { detail: 'This user is banned; lift the ban first.' });
      }
      return { room, member: await addMember(manager, roomId, userId), isNew: true };
    });
    if (isNew) this.events.joined(somebody, roomId);
    return toDto({ ...member, user: somebody }, room);
  }

  /** @throws AppError `room_not_found` | `forbidden` | `user_not_found` | `not_in_room` */
  async kick(owner: AuthenticatedUser, roomId: number, userId: number): Promise<void> {
    const somebody = await this.otherThan(owner, roomId, userId);
    const wasMember = await this.writes.run((manager) => this.removeAsOwner(manager, owner, roomId, userId));
    if (!wasMember) throw new AppError('not_in_room', { detail: 'This user is not in the room.' });
    this.events.left(somebody, roomId, 'kicked');
  }

  /** @throws AppError `room_not_found` | `forbidden` | `user_not_found` */
  async ban(owner: AuthenticatedUser, roomId: number, userId: number): Promise<void> {
    const somebody = await this.otherThan(owner, roomId, userId);
    const wasMember = await this.writes.run(async (manager) => {
      const removed = await this.removeAsOwner(manager, owner, roomId, userId);
      const ban = { roomId, userId, bannedBy: owner.id, bannedAt: Date.now() };
      await manager.upsert(Ban, ban, ['roomId', 'userId']);
      return removed;
    });
    if (wasMember) this.events.left(somebody, roomId, 'banned');
  }

  /** @throws AppError `room_not_found` | `forbidden` */
  async unban(owner: AuthenticatedUser, roomId: number, userId: number): Promise<void> {
    await this.writes.run(async (manager) => {
      await this.access.asOwner(owner.id, roomId, manager);
      await manager.delete(Ban, { roomId, userId });
    });
  }

  /** Whom an owner may send away: anybody but themselves. */
  private async otherThan(owner: AuthenticatedUser, roomId: number, userId: number): Promise<Somebody> {
    await this.access.asOwner(owner.id, roomId);
    if (owner.id === userId) throw new AppError('forbidden');
    return this.users.get(userId);
  }

  private async removeAsOwner(
    manager: EntityManager,
    owner: AuthenticatedUser,
    roomId: number,
    userId: number,
  ): Promise<boolean> {
    await this.access.asOwner(owner.id, roomId, manager);
    const isMember = await manager.existsBy(Membership, { roomId, userId });
    if (isMember) await manager.delete(Membership, { roomId, userId });
    return isMember;
  }
}

async function addMember(manager: EntityManager, roomId: number, userId: number): Promise<Membership> {
  const member = { roomId, userId, joinedAt: Date.now() };
  await manager.insert(Membership, member);
  return member;
}

function toDto({ userId, user, joinedAt }: Membership, room: RoomFacts): MemberDto {
  return {
    user_id: userId,
    username: user?.username ?? '',
    role: room.ownerId === userId ? 'owner' : 'member',
    joined_at: iso(joinedAt),
  };
}
