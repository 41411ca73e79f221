import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { CurrentUser } from '../identity/decorators.js';
import { ApiInvitationId, ApiRoomId } from '../protocol/api-ids.js';
import { ApiProblems } from '../protocol/api-problems.js';
import { IdPipe } from '../protocol/id.pipe.js';
import { OptionalBody } from '../protocol/optional-body.js';
import {
  AcceptInvitationDto,
  CreateInvitationDto,
  InvitationDto,
  NewInvitationDto,
} from './invitations.dto.js';
import { InvitationsService } from './invitations.service.js';
import { RoomDto } from './rooms.dto.js';

@ApiTags('rooms')
@Controller('api')
export class InvitationsController {
  constructor(private readonly invitations: InvitationsService) {}

  @Post('rooms/:room_id/invitations')
  @ApiRoomId()
  @ApiOperation({
    operationId: 'makeInvitation',
    summary: 'Invite people',
    description:
      'For the owner and admins. Whoever knows the code can become a member, so hand it on in private.',
  })
  @ApiBody({ type: CreateInvitationDto, required: false })
  @ApiCreatedResponse({ type: NewInvitationDto, description: 'The invitation, with its code.' })
  @ApiProblems(
    'not_authenticated',
    'forbidden',
    'too_many_invitations',
    'room_not_found',
    'invalid_input',
    'unreadable_json',
    'body_too_large',
    'unsupported_media_type',
  )
  make(
    @CurrentUser() user: AuthenticatedUser,
    @Param('room_id', IdPipe) roomId: number,
    @OptionalBody() draft: CreateInvitationDto,
  ): Promise<NewInvitationDto> {
    return this.invitations.make(user, roomId, draft);
  }

  @Get('rooms/:room_id/invitations')
  @ApiRoomId()
  @ApiOperation({
    operationId: 'listInvitations',
    summary: 'List the invitations that can be used',
    description: 'For the owner and admins. Without the codes: they are not stored.',
  })
  @ApiOkResponse({ type: [InvitationDto], description: 'All of them, oldest first.' })
  @ApiProblems('not_authenticated', 'forbidden', 'room_not_found', 'invalid_input')
  list(
    @CurrentUser() user: AuthenticatedUser,
    @Param('room_id', IdPipe) roomId: number,
  ): Promise<InvitationDto[]> {
    return this.invitations.list(user, roomId);
  }

  @Delete('rooms/:room_id/invitations/:invitation_id')
  @ApiRoomId()
  @ApiInvitationId()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'revokeInvitation',
    summary: 'Revoke an invitation',
    description: 'For the owner and admins. Who has come by it stays.',
  })
  @ApiNoContentResponse({ description: 'Done.' })
  @ApiProblems('not_authenticated', 'forbidden', 'room_not_found', 'invitation_not_found', 'invalid_input')
  revoke(
    @CurrentUser() user: AuthenticatedUser,
    @Param('room_id', IdPipe) roomId: number,
    @Param('invitation_id', IdPipe) invitationId: number,
  ): Promise<void> {
    return this.invitations.revoke(user, roomId, invitationId);
  }

  @Post('invitations/accept')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'acceptInvitation',
    summary: 'Become a member by invitation',
    description: 'Harmless when you are one: then no use is counted.',
  })
  @ApiOkResponse({ type: RoomDto, description: 'The room.' })
  @ApiProblems(
    'not_authenticated',
    'banned',
    'too_many_memberships',
    'invitation_not_found',
    'invalid_input',
    'unreadable_json',
    'body_too_large',
  )
  accept(@CurrentUser() user: AuthenticatedUser, @Body() { code }: AcceptInvitationDto): Promise<RoomDto> {
    return this.invitations.accept(user, code);
  }
}
