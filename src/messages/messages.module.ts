import { Module, type OnModuleInit } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CatchUpService } from '../connections/catch-up.service.js';
import { ConnectionsModule } from '../connections/connections.module.js';
import { LostEnvelopes } from '../connections/lost-envelopes.js';
import { Room } from '../rooms/room.entity.js';
import { RoomsModule } from '../rooms/rooms.module.js';
import { Epoch } from './epoch.entity.js';
import { logStorage } from './log-storage.js';
import { MessageHistory } from './message-history.js';
import { MessageLog } from './message-log.js';
import { Message } from './message.entity.js';
import { MessagesController } from './messages.controller.js';
import { MessagesGateway } from './messages.gateway.js';
import { MessagesService } from './messages.service.js';
import { RoomCatchUp } from './room-catch-up.js';
import { RoomEntries } from './room-entries.js';
import { SendBudget } from './send-budget.js';

@Module({
  imports: [TypeOrmModule.forFeature([Epoch, Message, Room]), ConnectionsModule, RoomsModule],
  controllers: [MessagesController],
  providers: [
    ...logStorage,
    MessageHistory,
    MessageLog,
    MessagesGateway,
    MessagesService,
    RoomCatchUp,
    RoomEntries,
    SendBudget,
  ],
})
export class MessagesModule implements OnModuleInit {
  constructor(
    private readonly catchUps: CatchUpService,
    private readonly catchUp: RoomCatchUp,
    private readonly lost: LostEnvelopes,
    private readonly entries: RoomEntries,
  ) {}

  /** The logs are what subscriptions to rooms catch up from. */
  onModuleInit(): void {
    this.catchUps.readFrom(this.catchUp);
    this.lost.readFrom(this.entries);
  }
}
