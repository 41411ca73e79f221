import { ApiProperty } from '@nestjs/swagger';
import { Integer, Text } from '../protocol/fields.js';
import {
  INVITATION_CODE_MAX,
  INVITATION_SECONDS_DEFAULT,
  INVITATION_SECONDS_MAX,
  INVITATION_SECONDS_MIN,
  INVITATION_USES_MAX,
} from '../protocol/limits.js';

export class CreateInvitationDto {
  @Integer(
    { minimum: INVITATION_SECONDS_MIN, maximum: INVITATION_SECONDS_MAX },
    {
      description: 'Seconds that it can be used.',
      optional: true,
      default: INVITATION_SECONDS_DEFAULT,
    },
  )
  expires_in_seconds?: number | null;

  @Integer(
    { minimum: 1, maximum: INVITATION_USES_MAX },
    { description: 'How many members it can bring.', optional: true, default: 1 },
  )
  max_uses?: number | null;
}

export class AcceptInvitationDto {
  @Text(
    { maxLength: INVITATION_CODE_MAX },
    { description: 'As whoever made the invitation was told.', example: 'FK4pXv0y3bJSc0PqQk3bzJ2mTq5n1l8r' },
  )
  code: string;
}

export class InvitationDto {
  @ApiProperty({ type: 'integer', example: 1 })
  id: number;
  @ApiProperty({ type: 'integer', example: 1 })
  room_id: number;
  @ApiProperty({ type: 'integer', description: 'Who made it.', example: 7 })
  created_by: number;
  @ApiProperty({ format: 'date-time', example: '2026-11-24T17:00:00.000Z' })
  created_at: string;
  @ApiProperty({ format: 'date-time', example: '2026-12-01T17:00:00.000Z' })
  expires_at: string;
  @ApiProperty({ type: 'integer', description: 'How many members it can bring.', example: 1 })
  max_uses: number;
  @ApiProperty({ type: 'integer', description: 'How many members it has brought.', example: 0 })
  uses: number;
}

export class NewInvitationDto extends InvitationDto {
  @ApiProperty({ description: 'Shown only now.', example: 'FK4pXv0y3bJSc0PqQk3bzJ2mTq5n1l8r' })
  code: string;
}
