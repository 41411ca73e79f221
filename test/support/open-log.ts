import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditEntry } from '../../src/audit/audit-entry.entity.js';
import type { Draft } from '../../src/messages/draft.js';
import { Epoch } from '../../src/messages/epoch.entity.js';
import { LogEpochs } from '../../src/messages/log-epochs.js';
import { logStorage } from '../../src/messages/log-storage.js';
import { MessageLog } from '../../src/messages/message-log.js';
import { MessageStore } from '../../src/messages/message-store.js';
import { Message } from '../../src/messages/message.entity.js';
import { Membership } from '../../src/rooms/membership.entity.js';
import { Mute } from '../../src/rooms/mute.entity.js';
import { Room } from '../../src/rooms/room.entity.js';
import { User } from '../../src/users/user.entity.js';
import { openDatabase, type OpenDatabase } from './open-database.js';
import type { DatabaseName } from './test-database.js';

@Module({
  imports: [TypeOrmModule.forFeature([AuditEntry, Epoch, Membership, Message, Mute, Room, User])],
  providers: [...logStorage, MessageLog],
  exports: [LogEpochs, MessageLog, MessageStore],
})
class LogModule {}

/** The log of one node. */
export interface OpenLog extends OpenDatabase {
  readonly log: MessageLog;
  readonly store: MessageStore;
  readonly epochs: LogEpochs;
  messagesOf(roomId: number): Promise<Message[]>;
}

export async function openLog(name: DatabaseName, other?: OpenLog): Promise<OpenLog> {
  const database = await openDatabase([LogModule], name, other?.stored);
  return {
    ...database,
    log: database.module.get(MessageLog),
    store: database.module.get(MessageStore),
    epochs: database.module.get(LogEpochs),
    messagesOf: (roomId) =>
      database.reader.getRepository(Message).find({ where: { roomId }, order: { seq: 'ASC' } }),
  };
}

/** Ada (1) and Bob (2), and Ada's rooms 1, 2 and 3: she is a member of the first two. */
export async function settle({ writes }: OpenLog): Promise<void> {
  await writes.run(async (manager) => {
    for (const name of ['ada', 'bob']) {
      await manager.insert(User, {
        username: name,
        usernameKey: name,
        email: name,
        emailKey: name,
        passwordHash: '',
        isActive: true,
        role: 'user',
        createdAt: 0,
      });
    }
    const room = { description: null, visibility: 'public' as const, ownerId: 1, headSeq: 0, createdAt: 0 };
    for (const name of ['one', 'two', 'three']) await manager.insert(Room, { ...room, name, nameKey: name });
    for (const roomId of [1, 2]) await manager.insert(Membership, { roomId, userId: 1, joinedAt: 0 });
  });
}

export const draft = (changes: Partial<Draft> = {}): Draft => ({
  userId: 1,
  username: 'ada',
  roomId: 1,
  content: 'text',
  clientMsgId: null,
  replyTo: null,
  ...changes,
});
