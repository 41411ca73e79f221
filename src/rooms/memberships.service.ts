import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type EntityManager } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import { WriteQueue } from '../database/write-queue.js';
import { AppError } from '../errors/app-error.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { PAGE_MAX } from '../protocol/limits.js';
import { UsersService } from '../users/users.service.js';
import { asMemberDto, placeIn, placeOf } from './member-view.js';
import { Membership } from './membership.entity.js';
import { RoomAccess, type RoomFacts } from './room-access.js';
import { isHidden } from './room-capabilities.js';
import { RoomEvents } from './room-events.js';
import { RoomQuotas } from './room-quotas.js';
import type { MemberDto, MembersQuery } from './rooms.dto.js';

export interface MembersPage {
  readonly members: readonly MemberDto[];
  /** Where the next page begins; nothing on the last one. */
  readonly next: string | undefined;
}

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
    private readonly quotas: RoomQuotas,
    private readonly events: RoomEvents,
    private readonly users: UsersService,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Makes the user a member. Whoever is one already stays one, and nobody is told.
   *
   * @throws AppError `room_not_found` | `room_is_private` | `banned` | `too_many_memberships`
   */
  async join(user: AuthenticatedUser, roomId: number): Promise<RoomFacts> {
    const before = await this.access.standingOf(user.id, roomId);
    if (before.isMember) return before.room;
    const { room, isNew } = await this.writes.alone({ room: roomId, user: user.id }, async (manager) => {
      const standing = await this.access.standingOf(user.id, roomId, manager);
      if (standing.isMember) return { room: standing.room, isNew: false };
      if (standing.isBanned) throw new AppError('banned');
      if (isHidden(standing)) throw new AppError('room_is_private');
      await this.enter(manager, roomId, user.id);
      return { room: standing.room, isNew: true };
    });
    if (isNew) this.events.joined(user, roomId);
    return room;
  }

  /**
   * Makes somebody a member who is none yet, in the transaction that has found out that they may be one.
   *
   * @throws AppError `too_many_memberships`
   */
  async enter(manager: EntityManager, roomId: number, userId: number): Promise<Membership> {
    await this.quotas.checkMemberships(manager, userId);
    const member = { roomId, userId, joinedAt: Date.now(), role: 'member' as const };
    await manager.insert(Membership, member);
    return member;
  }

  /** @throws AppError `room_not_found` | `not_in_room` */
  async leave(user: AuthenticatedUser, roomId: number): Promise<RoomFacts> {
    const room = await this.writes.alone({ room: roomId }, async (manager) => {
      const standing = await this.access.visible(user.id, roomId, manager);
      if (!standing.isMember) throw new AppError('not_in_room');
      await manager.delete(Membership, { roomId, userId: user.id });
      return standing.room;
    });
    this.events.left(user, roomId, 'left');
    return room;
  }

  /**
   * One page of the members, in the order in which they joined.
   *
   * @throws AppError `room_not_found` | `not_a_member`
   */
  async list(
    user: AuthenticatedUser,
    roomId: number,
    { after, limit = PAGE_MAX }: MembersQuery,
  ): Promise<MembersPage> {
    const { room } = await this.access.require(user.id, roomId, 'read');
    const query = this.memberships
      .createQueryBuilder('member')
      .innerJoinAndSelect('member.user', 'user')
      .where('member.roomId = :roomId', { roomId })
      .orderBy('member.joinedAt')
      .addOrderBy('member.userId')
      // One more than asked for tells whether there is a next page.
      .limit(limit + 1);
    if (after != null)
      query.andWhere('(member.joinedAt, member.userId) > (:joinedAt, :userId)', placeIn(after));
    const found = await query.getMany();
    const members = found.slice(0, limit);
    const last = found.length > limit ? members.at(-1) : undefined;
    return { members: members.map((member) => asMemberDto(member, room)), next: last && placeOf(last) };
  }

  /** @throws AppError `room_not_found` | `forbidden` | `user_not_found` | `banned` | `too_many_memberships` */
  async add(actor: AuthenticatedUser, roomId: number, userId: number): Promise<MemberDto> {
    await this.access.require(actor.id, roomId, 'add_members');
    const somebody = await this.users.get(userId);
    const { room, member, isNew } = await this.writes.alone(
      { room: roomId, user: userId },
      async (manager) => {
        const { room } = await this.access.require(actor.id, roomId, 'add_members', manager);
        const existing = await manager.findOneBy(Membership, { roomId, userId });
        if (existing) return { room, member: existing, isNew: false };
        const { isBanned } = await this.access.standingOf(userId, roomId, manager);
        if (isBanned) throw new AppError('banned', { detail: 'This user is banned; lift the ban first.' });
        const member = await this.enter(manager, roomId, userId);
        await this.audit.record(manager, actor, { action: 'member_added', userId, roomId });
        return { room, member, isNew: true };
      },
    );
    if (isNew) this.events.joined(somebody, roomId);
    return asMemberDto({ ...member, user: somebody }, room);
  }
}
