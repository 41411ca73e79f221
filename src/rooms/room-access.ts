import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type EntityManager } from 'typeorm';
import { AppError } from '../errors/app-error.js';
import { Ban } from './ban.entity.js';
import { Membership } from './membership.entity.js';
import { Room } from './room.entity.js';

/** How a user stands to a room that exists. */
export interface Standing {
  readonly room: Room;
  readonly isMember: boolean;
  readonly isBanned: boolean;
  readonly isOwner: boolean;
}

/**
 * The one place that decides what a user may do in a room. A private room is as good as missing to whoever
 * is neither a member nor its owner.
 */
@Injectable()
export class RoomAccess {
  constructor(@InjectRepository(Room) private readonly rooms: Repository<Room>) {}

  /** Inside a job of the write queue, `manager` sees what the job has written. */
  async standingOf(
    userId: number,
    roomId: number,
    manager: EntityManager = this.rooms.manager,
  ): Promise<Standing> {
    const [room, isMember, isBanned] = await Promise.all([
      manager.findOneBy(Room, { id: roomId }),
      manager.existsBy(Membership, { roomId, userId }),
      manager.existsBy(Ban, { roomId, userId }),
    ]);
    if (!room) throw new AppError('room_not_found');
    return { room, isMember, isBanned, isOwner: room.ownerId === userId };
  }

  /** @throws AppError `room_not_found` also for a private room that the user must not know of */
  async visible(userId: number, roomId: number, manager?: EntityManager): Promise<Standing> {
    const standing = await this.standingOf(userId, roomId, manager);
    const { room, isMember, isOwner } = standing;
    if (room.visibility === 'private' && !isMember && !isOwner) throw new AppError('room_not_found');
    return standing;
  }

  /** @throws AppError `room_not_found` | `not_a_member` */
  async asMember(userId: number, roomId: number, manager?: EntityManager): Promise<Standing> {
    const standing = await this.visible(userId, roomId, manager);
    if (!standing.isMember) throw new AppError('not_a_member');
    return standing;
  }

  /** @throws AppError `room_not_found` | `forbidden` */
  async asOwner(userId: number, roomId: number, manager?: EntityManager): Promise<Standing> {
    const standing = await this.visible(userId, roomId, manager);
    if (!standing.isOwner) throw new AppError('forbidden');
    return standing;
  }
}
