import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type SelectQueryBuilder } from 'typeorm';
import { Room } from '../rooms/room.entity.js';
import { Message } from './message.entity.js';
import type { SignedMessage } from './message-view.js';

/** Reads the logs of rooms, always by (room, seq). Every page comes oldest first. */
@Injectable()
export class MessageHistory {
  constructor(
    @InjectRepository(Message) private readonly messages: Repository<Message>,
    @InjectRepository(Room) private readonly rooms: Repository<Room>,
  ) {}

  async headOf(roomId: number): Promise<number> {
    const room = await this.rooms.findOne({ where: { id: roomId }, select: { id: true, headSeq: true } });
    return room?.headSeq ?? 0;
  }

  /** The id of the message at this place of the log, if there is one. */
  async idAt(roomId: number, seq: number): Promise<number | undefined> {
    const message = await this.messages.findOne({ where: { roomId, seq }, select: { id: true } });
    return message?.id;
  }

  /** The oldest messages after `seq`. */
  after(roomId: number, seq: number, limit: number): Promise<SignedMessage[]> {
    return read(
      this.ofRoom(roomId).andWhere('message.seq > :seq', { seq }).orderBy('message.seq', 'ASC').limit(limit),
    );
  }

  /** The newest messages before `seq`. */
  async before(roomId: number, seq: number, limit: number): Promise<SignedMessage[]> {
    const newestFirst = await read(
      this.ofRoom(roomId).andWhere('message.seq < :seq', { seq }).orderBy('message.seq', 'DESC').limit(limit),
    );
    return newestFirst.reverse();
  }

  latest(roomId: number, limit: number): Promise<SignedMessage[]> {
    return this.before(roomId, Number.MAX_SAFE_INTEGER, limit);
  }

  private ofRoom(roomId: number): SelectQueryBuilder<Message> {
    return this.messages
      .createQueryBuilder('message')
      .innerJoin('message.user', 'author')
      .addSelect('author.username', 'username')
      .where('message.roomId = :roomId', { roomId });
  }
}

async function read(query: SelectQueryBuilder<Message>): Promise<SignedMessage[]> {
  const { entities, raw } = await query.getRawAndEntities<{ username: string }>();
  return entities.map((message, index) => ({ message, username: raw[index]?.username ?? '' }));
}
