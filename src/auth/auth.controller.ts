import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { IncomingMessage } from 'node:http';
import { Settings } from '../config/settings.js';
import { originOf } from '../identity/client-origin.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { CurrentUser, Public } from '../identity/decorators.js';
import { ApiProblems } from '../protocol/api-problems.js';
import { TICKET_SECONDS } from '../protocol/limits.js';
import { TicketDto, TokenDto, TokenRequestDto } from './auth.dto.js';
import { AuthService } from './auth.service.js';
import { SessionEndings } from './session-endings.js';
import { WsTickets } from './ws-tickets.js';

@ApiTags('auth')
@Controller('api')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly endings: SessionEndings,
    private readonly tickets: WsTickets,
    private readonly settings: Settings,
  ) {}

  @Post('token')
  @Public()
  @HttpCode(200)
  @ApiOperation({
    operationId: 'createToken',
    summary: 'Log in, or refresh a token',
    description: 'The OAuth2 password and refresh token grants (RFC 6749, 4.3 and 6), as a form or as JSON.',
  })
  @ApiConsumes('application/x-www-form-urlencoded', 'application/json')
  @ApiBody({
    type: TokenRequestDto,
    examples: {
      password: { value: { username: 'ada', password: 'correct horse battery' } },
      refresh: {
        value: { grant_type: 'refresh_token', refresh_token: 'the one that came with the last pair' },
      },
    },
  })
  @ApiOkResponse({ type: TokenDto, description: 'A pair of tokens.' })
  @ApiProblems(
    'wrong_credentials',
    'not_authenticated',
    'invalid_input',
    'unreadable_json',
    'body_too_large',
    'rate_limited',
  )
  token(@Body() request: TokenRequestDto, @Req() http: IncomingMessage): Promise<TokenDto> {
    return this.auth.token(request, originOf(http, this.settings.trustProxy));
  }

  @Post('logout')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'logout',
    summary: 'Log out',
    description: 'Ends the session of the token: its tokens are refused and its sockets closed from now on.',
  })
  @ApiNoContentResponse({ description: 'Done.' })
  @ApiProblems('not_authenticated')
  logout(@CurrentUser() user: AuthenticatedUser): Promise<void> {
    return this.endings.logOut(user);
  }

  @Post('ws-tickets')
  @ApiOperation({
    operationId: 'createWsTicket',
    summary: 'Get a ticket for one socket',
    description: `Good for one handshake within ${TICKET_SECONDS} seconds, so that a page needs no token in a URL.`,
  })
  @ApiCreatedResponse({ type: TicketDto, description: 'The ticket.' })
  @ApiProblems('not_authenticated', 'rate_limited')
  async ticket(@CurrentUser() user: AuthenticatedUser): Promise<TicketDto> {
    return { ticket: await this.tickets.issue(user), expires_in: TICKET_SECONDS };
  }
}
