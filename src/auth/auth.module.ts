import { Module, type OnModuleInit } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule, JwtSecretRequestType, type JwtModuleOptions } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ConnectionsModule } from '../connections/connections.module.js';
import { Handshake } from '../connections/handshake.js';
import { UsersModule } from '../users/users.module.js';
import { AccessTokens } from './access-tokens.js';
import { AuthController } from './auth.controller.js';
import { AuthGateway } from './auth.gateway.js';
import { AuthService } from './auth.service.js';
import { CapabilitiesGuard } from './capabilities.guard.js';
import { EndedSessions } from './ended-sessions.js';
import { JwtAuthGuard } from './jwt-auth.guard.js';
import { JwtStrategy } from './jwt.strategy.js';
import { KnownAddresses } from './known-addresses.js';
import { LogInThrottle } from './log-in-throttle.js';
import { ProvedTokens } from './proved-tokens.js';
import { RefreshTokens } from './refresh-tokens.js';
import { RequestBudget } from './request-budget.js';
import { PasswordProof } from './password-proof.js';
import { PasswordsController } from './passwords.controller.js';
import { PasswordsService } from './passwords.service.js';
import { SessionEndings } from './session-endings.js';
import { SessionRights } from './session-rights.js';
import { Session } from './session.entity.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsService } from './sessions.service.js';
import { SigningKeys } from './signing-keys.js';
import { SocketAuthenticator } from './socket-authenticator.js';
import { SocketTokensService } from './socket-tokens.service.js';
import { ticketStorage } from './ticket-storage.js';
import { WsTicket } from './ws-ticket.entity.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([Session, WsTicket]),
    PassportModule,
    JwtModule.registerAsync({
      extraProviders: [SigningKeys],
      inject: [SigningKeys],
      useFactory: (keys: SigningKeys): JwtModuleOptions => ({
        secretOrKeyProvider: (type, token) => {
          const isToSign = type === JwtSecretRequestType.SIGN || typeof token !== 'string';
          return (isToSign ? keys.newest : keys.of(token)).key;
        },
      }),
    }),
    ConnectionsModule,
    UsersModule,
  ],
  controllers: [AuthController, PasswordsController, SessionsController],
  providers: [
    AccessTokens,
    AuthGateway,
    AuthService,
    EndedSessions,
    JwtStrategy,
    KnownAddresses,
    LogInThrottle,
    PasswordProof,
    ProvedTokens,
    RefreshTokens,
    RequestBudget,
    PasswordsService,
    SessionEndings,
    SessionRights,
    SessionsService,
    SigningKeys,
    SocketAuthenticator,
    SocketTokensService,
    ticketStorage,
    { provide: APP_GUARD, useClass: JwtAuthGuard },
    { provide: APP_GUARD, useClass: CapabilitiesGuard },
  ],
})
export class AuthModule implements OnModuleInit {
  constructor(
    private readonly handshake: Handshake,
    private readonly authenticator: SocketAuthenticator,
  ) {}

  /** `auth/` is who says who is behind a socket. */
  onModuleInit(): void {
    this.handshake.authenticateWith(this.authenticator);
  }
}
