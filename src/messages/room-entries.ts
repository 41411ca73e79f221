import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { entriesEnvelope, type EntriesEnvelope } from '../connections/broker/envelope.js';
import type { LogReader } from '../connections/lost-envelopes.js';
import { roomOf, roomTopic, type Topic } from '../connections/topics.js';
import { BoundValues } from '../database/bound-values.js';
import { CATCH_UP_PAGE } from '../protocol/limits.js';
import { Room } from '../rooms/room.entity.js';
import { entryOf } from './encode-message.js';
import { MessageHistory } from './message-history.js';

/** The logs of rooms for a node that has not heard of everything: once for all of its sockets. */
@Injectable()
export class RoomEntries implements LogReader {
  constructor(
    @InjectRepository(Room) private readonly rooms: Repository<Room>,
    private readonly history: MessageHistory,
  ) {}

  async heads(topics: readonly Topic[]): Promise<Map<Topic, number>> {
    const ids = topics.map(roomOf).filter((id) => id !== undefined);
    if (ids.length === 0) return new Map();
    const bound = new BoundValues(this.rooms.manager, ids.length);
    const rows = await this.rooms.manager.query<{ id: number; head_seq: number }[]>(
      `SELECT id, head_seq FROM rooms WHERE id IN (${bound.numbers(...ids)})`,
      bound.values,
    );
    return new Map(rows.map(({ id, head_seq }) => [roomTopic(id), head_seq]));
  }

  async entries(topic: Topic, after: number): Promise<EntriesEnvelope | undefined> {
    const roomId = roomOf(topic);
    if (roomId === undefined) return undefined;
    const { messages } = await this.history.after(roomId, after, CATCH_UP_PAGE);
    return messages.length === 0 ? undefined : entriesEnvelope(topic, messages.map(entryOf));
  }
}
