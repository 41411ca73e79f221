import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LessThan, Repository, type EntityManager, type FindOptionsWhere } from 'typeorm';
import { askableId, MAX_ID } from '../database/columns.js';
import type { ClientOrigin } from '../identity/client-origin.js';
import type { AuditAction } from './audit-actions.js';
import { AuditEntry } from './audit-entry.entity.js';
import type { AuditQuery } from './audit.dto.js';

const PAGE_DEFAULT = 50;

/** Who does something: a user with a request, or whoever sits at the command line. */
export interface Actor {
  readonly id: number | null;
  readonly username: string;
  readonly origin: ClientOrigin;
}

/** What was done, and to whom. */
export interface Deed {
  readonly action: AuditAction;
  readonly userId?: number;
  readonly roomId?: number;
  /** Ids, codes, times, and reasons that people gave: they are short enough by their own limits. */
  readonly facts?: Readonly<Record<string, number | string | null>>;
}

/** The audit log. Entries are added and read; nothing in the server changes or deletes one. */
@Injectable()
export class AuditLog {
  constructor(@InjectRepository(AuditEntry) private readonly entries: Repository<AuditEntry>) {}

  /** Written in the transaction of the deed itself, so that neither is there without the other. */
  async record(manager: EntityManager, actor: Actor, { action, userId, roomId, facts }: Deed): Promise<void> {
    await manager.insert(AuditEntry, {
      happenedAt: Date.now(),
      actorId: actor.id,
      actorName: actor.username,
      action,
      userId: userId ?? null,
      roomId: roomId ?? null,
      facts: JSON.stringify(facts ?? {}),
      requestId: actor.origin.requestId,
      address: actor.origin.address,
    });
  }

  /** Newest first. */
  page({ before, limit, action, actor_id, user_id, room_id }: AuditQuery): Promise<AuditEntry[]> {
    const where: FindOptionsWhere<AuditEntry> = {
      ...(before === undefined ? {} : { id: LessThan(Math.min(before, MAX_ID)) }),
      ...(action == null ? {} : { action }),
      ...(actor_id === undefined ? {} : { actorId: askableId(actor_id) }),
      ...(user_id === undefined ? {} : { userId: askableId(user_id) }),
      ...(room_id === undefined ? {} : { roomId: askableId(room_id) }),
    };
    return this.entries.find({ where, order: { id: 'DESC' }, take: limit ?? PAGE_DEFAULT });
  }
}
