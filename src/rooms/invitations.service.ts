import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { MoreThan, Repository, type EntityManager } from 'typeorm';
import { AuditLog } from '../audit/audit-log.js';
import { askableId, iso } from '../database/columns.js';
import { WriteQueue } from '../database/write-queue.js';
import { AppError } from '../errors/app-error.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { INVITATION_SECONDS_DEFAULT } from '../protocol/limits.js';
import { Invitation } from './invitation.entity.js';
import type { CreateInvitationDto, InvitationDto, NewInvitationDto } from './invitations.dto.js';
import { MembershipsService } from './memberships.service.js';
import { RoomAccess } from './room-access.js';
import { refusalOf } from './room-capabilities.js';
import { RoomEvents } from './room-events.js';
import { RoomQuotas } from './room-quotas.js';
import { asRoomDto } from './room-view.js';
import type { RoomDto } from './rooms.dto.js';

/** 192 bits, too many to guess (OWASP ASVS 5, 11.5.1 asks for 128). */
const CODE_BYTES = 24;

/** Codes that make members of those who know them. */
@Injectable()
export class InvitationsService {
  constructor(
    @InjectRepository(Invitation) private readonly invitations: Repository<Invitation>,
    private readonly writes: WriteQueue,
    private readonly access: RoomAccess,
    private readonly memberships: MembershipsService,
    private readonly quotas: RoomQuotas,
    private readonly events: RoomEvents,
    private readonly audit: AuditLog,
  ) {}

  /** @throws AppError `room_not_found` | `forbidden` | `too_many_invitations` */
  async make(
    actor: AuthenticatedUser,
    roomId: number,
    { expires_in_seconds, max_uses }: CreateInvitationDto,
  ): Promise<NewInvitationDto> {
    await this.access.require(actor.id, roomId, 'invite');
    const code = randomBytes(CODE_BYTES).toString('base64url');
    const invitation = await this.writes.alone({ room: roomId }, async (manager) => {
      await this.access.require(actor.id, roomId, 'invite', manager);
      await this.quotas.checkInvitations(manager, roomId);
      const createdAt = Date.now();
      const invitation = manager.create(Invitation, {
        roomId,
        codeHash: hashOf(code),
        createdBy: actor.id,
        createdAt,
        expiresAt: createdAt + (expires_in_seconds ?? INVITATION_SECONDS_DEFAULT) * 1_000,
        maxUses: max_uses ?? 1,
        uses: 0,
      });
      await manager.insert(Invitation, invitation);
      const facts = { invitation_id: invitation.id, max_uses: invitation.maxUses };
      await this.audit.record(manager, actor, { action: 'invitation_made', roomId, facts });
      return invitation;
    });
    return { ...toDto(invitation), code };
  }

  /**
   * Those that could be used, oldest first; how many there can be is limited.
   *
   * @throws AppError `room_not_found` | `forbidden`
   */
  async list(actor: AuthenticatedUser, roomId: number): Promise<InvitationDto[]> {
    await this.access.require(actor.id, roomId, 'invite');
    const unexpired = await this.invitations.find({
      where: { roomId, expiresAt: MoreThan(Date.now()) },
      order: { id: 'ASC' },
    });
    return unexpired.filter(isOpen).map(toDto);
  }

  /** @throws AppError `room_not_found` | `forbidden` | `invitation_not_found` */
  async revoke(actor: AuthenticatedUser, roomId: number, id: number): Promise<void> {
    await this.access.require(actor.id, roomId, 'invite');
    await this.writes.alone({ room: roomId }, async (manager) => {
      await this.access.require(actor.id, roomId, 'invite', manager);
      if (!(await manager.existsBy(Invitation, { id: askableId(id), roomId })))
        throw new AppError('invitation_not_found');
      await manager.delete(Invitation, { id, roomId });
      const facts = { invitation_id: id };
      await this.audit.record(manager, actor, { action: 'invitation_revoked', roomId, facts });
    });
  }

  /**
   * Makes whoever knows the code a member. A member uses nothing up: a retry finds the room.
   *
   * @throws AppError `invitation_not_found`, for all that cannot be used alike | `banned` | `too_many_memberships`
   */
  async accept(user: AuthenticatedUser, code: string): Promise<RoomDto> {
    const codeHash = hashOf(code);
    // Guesses end here: they cost a read, not a turn of the write queue.
    const known = await this.invitations.findOneBy({ codeHash });
    if (!known) throw new AppError('invitation_not_found');
    const { roomId } = known;
    const { standing, isNew } = await this.writes.alone({ room: roomId, user: user.id }, async (manager) => {
      const invitation = await manager.findOneBy(Invitation, { codeHash });
      if (!invitation) throw new AppError('invitation_not_found');
      const before = await this.access.standingOf(user.id, roomId, manager);
      if (before.isMember) return { standing: before, isNew: false };
      await this.use(manager, user, invitation);
      if (before.isBanned) throw new AppError('banned');
      await this.memberships.enter(manager, roomId, user.id);
      return { standing: await this.access.standingOf(user.id, roomId, manager), isNew: true };
    });
    if (isNew) this.events.joined(user, standing.room.id);
    return asRoomDto(standing);
  }

  /** Counts a use. It is undone with the transaction when the user cannot become a member after all. */
  private async use(
    manager: EntityManager,
    user: AuthenticatedUser,
    { id, roomId, ...invitation }: Invitation,
  ): Promise<void> {
    const maker = await this.access.standingOf(invitation.createdBy, roomId, manager);
    const isOver = invitation.expiresAt <= Date.now() || !isOpen(invitation);
    if (isOver || refusalOf(maker, 'invite')) throw new AppError('invitation_not_found');
    await manager.increment(Invitation, { id }, 'uses', 1);
    const deed = {
      action: 'invitation_used',
      userId: user.id,
      roomId,
      facts: { invitation_id: id },
    } as const;
    await this.audit.record(manager, user, deed);
  }
}

function isOpen({ uses, maxUses }: Pick<Invitation, 'uses' | 'maxUses'>): boolean {
  return uses < maxUses;
}

function hashOf(code: string): string {
  return createHash('sha256').update(code).digest('hex');
}

function toDto(invitation: Invitation): InvitationDto {
  return {
    id: invitation.id,
    room_id: invitation.roomId,
    created_by: invitation.createdBy,
    created_at: iso(invitation.createdAt),
    expires_at: iso(invitation.expiresAt),
    max_uses: invitation.maxUses,
    uses: invitation.uses,
  };
}
