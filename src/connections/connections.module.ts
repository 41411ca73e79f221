import { Module, type OnApplicationShutdown } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Settings } from '../config/settings.js';
import { CatchUpService } from './catch-up.service.js';
import { Broker } from './broker/broker.js';
import { Backplane, backplaneOf } from './broker/backplane.js';
import { ConformanceGateway } from './conformance.gateway.js';
import { ConnectionLifecycle } from './connection-lifecycle.js';
import { ConnectionRecord } from './connection-record.entity.js';
import { ConnectionRecorder } from './connection-recorder.js';
import { ConnectionRegistry } from './connection-registry.js';
import { ConnectionsController } from './connections.controller.js';
import { ConnectionsService } from './connections.service.js';
import { Drain } from './drain.js';
import { EchoGateway } from './echo.gateway.js';
import { FrameRouter } from './frame-router.js';
import { GatewayExplorer } from './gateway-explorer.js';
import { Handshake } from './handshake.js';
import { Heartbeat } from './heartbeat.js';
import { LocalConnections } from './local-connections.js';
import { LostEnvelopes } from './lost-envelopes.js';
import { MessageDeadline } from './message-deadline.js';
import { HeardNodes } from './nodes/heard-nodes.js';
import { LiveNodes } from './nodes/live-nodes.js';
import { Node } from './nodes/node.entity.js';
import { OtherNodes } from './nodes/other-nodes.js';
import { PingGateway } from './ping.gateway.js';
import { SharedSpending } from './nodes/shared-spending.js';
import { Presence } from './presence/presence.js';
import { PublicGateway } from './public.gateway.js';
import { Seats } from './seats.js';
import { UpgradeBudget } from './upgrade-budget.js';
import { TokenExpiry } from './token-expiry.js';
import { TokenRenewal } from './token-renewal.js';
import { WriteTurns } from './write-turns.js';

@Module({
  imports: [DiscoveryModule, TypeOrmModule.forFeature([ConnectionRecord, Node])],
  controllers: [ConnectionsController],
  providers: [
    LiveNodes,
    { provide: Backplane, inject: [Settings, LiveNodes], useFactory: backplaneOf },
    { provide: Broker, inject: [Backplane], useFactory: ({ broker }: Backplane) => broker },
    { provide: Presence, inject: [Backplane], useFactory: ({ presence }: Backplane) => presence },
    CatchUpService,
    ConformanceGateway,
    ConnectionLifecycle,
    ConnectionRecorder,
    ConnectionRegistry,
    ConnectionsService,
    Drain,
    EchoGateway,
    FrameRouter,
    GatewayExplorer,
    Handshake,
    Heartbeat,
    LocalConnections,
    LostEnvelopes,
    HeardNodes,
    MessageDeadline,
    OtherNodes,
    PingGateway,
    PublicGateway,
    Seats,
    SharedSpending,
    UpgradeBudget,
    TokenExpiry,
    TokenRenewal,
    WriteTurns,
  ],
  exports: [
    CatchUpService,
    Broker,
    ConnectionRegistry,
    Handshake,
    LostEnvelopes,
    Presence,
    SharedSpending,
    TokenRenewal,
  ],
})
export class ConnectionsModule implements OnApplicationShutdown {
  constructor(private readonly broker: Broker) {}

  async onApplicationShutdown(): Promise<void> {
    await this.broker.close();
  }
}
