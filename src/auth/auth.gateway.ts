import { WebSocketGateway } from '@nestjs/websockets';
import type { UserConnection } from '../connections/connection.js';
import { GATEWAY_PATH } from '../connections/endpoints.js';
import { OnFrame } from '../connections/on-frame.decorator.js';
import { iso } from '../database/columns.js';
import type { AuthenticateFrame } from '../protocol/client-frames.js';
import type { AckFacts } from '../protocol/server-frames.js';
import { SocketTokensService } from './socket-tokens.service.js';

@WebSocketGateway({ path: GATEWAY_PATH.auth })
export class AuthGateway {
  constructor(private readonly tokens: SocketTokensService) {}

  @OnFrame('authenticate')
  async authenticate(connection: UserConnection, { token }: AuthenticateFrame): Promise<AckFacts> {
    const { expiresAt } = await this.tokens.renew(connection, token);
    return { token_expires_at: iso(expiresAt) };
  }
}
