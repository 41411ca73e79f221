import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { AuditModule } from './audit/audit.module.js';
import { AuthGateway } from './auth/auth.gateway.js';
import { AuthModule } from './auth/auth.module.js';
import { ConfigModule } from './config/config.module.js';
import type { Environment } from './config/env-reader.js';
import type { FrameHandler } from './connections/on-frame.decorator.js';
import { ConnectionsModule } from './connections/connections.module.js';
import { PingGateway } from './connections/ping.gateway.js';
import { DatabaseModule } from './database/database.module.js';
import { HealthModule } from './health/health.module.js';
import { MessagesGateway } from './messages/messages.gateway.js';
import { MessagesModule } from './messages/messages.module.js';
import type { ClientFrameType } from './protocol/client-frames.js';
import { RoomsGateway } from './rooms/rooms.gateway.js';
import { RoomsModule } from './rooms/rooms.module.js';
import { UsersModule } from './users/users.module.js';

/** `join_room` is handled by a method `joinRoom`. */
type Camel<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : S;
type GatewayOf<T extends ClientFrameType> = Type<Record<Camel<T>, FrameHandler<T>>>;

@Module({})
export class AppModule {
  /** Who handles which client frame. One that is added to the protocol without a line here does not compile. */
  static readonly frameGateways = {
    message: MessagesGateway,
    typing: RoomsGateway,
    join_room: RoomsGateway,
    leave_room: RoomsGateway,
    authenticate: AuthGateway,
    ping: PingGateway,
  } as const satisfies { [T in ClientFrameType]: GatewayOf<T> };

  /** Without `env` the settings come from `.env` and the process environment. */
  static async forRoot(env?: Environment): Promise<DynamicModule> {
    // Before the framework looks at anything else: a mistake in the settings is told as one.
    const config = await ConfigModule.forRoot(env);
    return {
      module: AppModule,
      imports: [
        config,
        DatabaseModule,
        AuditModule,
        ConnectionsModule,
        UsersModule,
        AuthModule,
        RoomsModule,
        MessagesModule,
        HealthModule,
      ],
    };
  }
}
