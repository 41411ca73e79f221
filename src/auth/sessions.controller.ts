import { Controller, Delete, Get, HttpCode, Param, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { iso } from '../database/columns.js';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { CurrentUser } from '../identity/decorators.js';
import { ApiProblems } from '../protocol/api-problems.js';
import { SessionEndings } from './session-endings.js';
import type { Session } from './session.entity.js';
import { EndSessionsQuery, SessionDto, SessionsEndedDto } from './sessions.dto.js';
import { LISTED_SESSIONS, SessionsService } from './sessions.service.js';

@ApiTags('auth')
@Controller('api/sessions')
export class SessionsController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly endings: SessionEndings,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'listSessions',
    summary: 'See where you are logged in',
    description: `Your sessions that go on, the ones used last first; at most ${LISTED_SESSIONS}.`,
  })
  @ApiOkResponse({ type: [SessionDto], description: 'Your sessions.' })
  @ApiProblems('not_authenticated')
  async list(@CurrentUser() user: AuthenticatedUser): Promise<SessionDto[]> {
    return (await this.sessions.list(user)).map((session) => toDto(session, user));
  }

  @Delete()
  @ApiOperation({
    operationId: 'endSessions',
    summary: 'Log out everywhere else',
    description: 'Ends your other sessions; with `keep_current=false` all. Their sockets close.',
  })
  @ApiOkResponse({ type: SessionsEndedDto, description: 'Done.' })
  @ApiProblems('not_authenticated', 'invalid_input')
  async endAll(
    @CurrentUser() user: AuthenticatedUser,
    @Query() { keep_current }: EndSessionsQuery,
  ): Promise<SessionsEndedDto> {
    return { ended: await this.endings.endAll(user, { keepCurrent: keep_current !== 'false' }) };
  }

  @Delete(':session_id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'endSession',
    summary: 'End one of your sessions',
    description: 'Its tokens are refused and its sockets closed from now on. It may be your current one.',
  })
  @ApiParam({ name: 'session_id', schema: { type: 'string', format: 'uuid' } })
  @ApiNoContentResponse({ description: 'Done.' })
  @ApiProblems('not_authenticated', 'session_not_found')
  end(@CurrentUser() user: AuthenticatedUser, @Param('session_id') id: string): Promise<void> {
    return this.endings.endOwn(user, id);
  }
}

function toDto(session: Session, caller: AuthenticatedUser): SessionDto {
  return {
    id: session.id,
    device: session.userAgent,
    address: session.address,
    created_at: iso(session.createdAt),
    last_used_at: iso(session.lastUsedAt),
    expires_at: iso(session.expiresAt),
    current: session.id === caller.sessionId,
  };
}
