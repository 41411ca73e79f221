import { ApiParam } from '@nestjs/swagger';

const ID = { type: 'integer', minimum: 1 } as const;

/** Documents the ids in paths, which the framework would call plain numbers. */
export const ApiRoomId = () =>
  ApiParam({ name: 'room_id', description: 'The room.', example: 1, schema: ID });
export const ApiInvitationId = () =>
  ApiParam({ name: 'invitation_id', description: 'The invitation.', example: 1, schema: ID });
export const ApiUserId = () =>
  ApiParam({ name: 'user_id', description: 'The user.', example: 7, schema: ID });
