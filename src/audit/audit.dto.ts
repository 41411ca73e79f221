import { ApiProperty } from '@nestjs/swagger';
import { QueryInteger, Text } from '../protocol/fields.js';
import { PAGE_MAX } from '../protocol/limits.js';
import { AUDIT_ACTIONS, type AuditAction } from './audit-actions.js';

export class AuditQuery {
  @QueryInteger(
    { minimum: 1 },
    { description: 'Only entries before this id: the last one of the page before.' },
  )
  before?: number;

  @QueryInteger({ minimum: 1, maximum: PAGE_MAX }, { description: 'Entries in one answer.', default: 50 })
  limit?: number;

  @Text({ enum: AUDIT_ACTIONS }, { description: 'Only these deeds.', optional: true })
  action?: AuditAction | null;

  @QueryInteger({ minimum: 1 }, { description: 'Only what this user did.' })
  actor_id?: number;

  @QueryInteger({ minimum: 1 }, { description: 'Only what was done to this user.' })
  user_id?: number;

  @QueryInteger({ minimum: 1 }, { description: 'Only what was done in this room.' })
  room_id?: number;
}

export class AuditEntryDto {
  @ApiProperty({ type: 'integer', example: 12 })
  id: number;
  @ApiProperty({ format: 'date-time', example: '2026-11-24T17:00:00.000Z' })
  happened_at: string;
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Who did it; null for the command line and for the server itself.',
  })
  actor_id: number | null;
  @ApiProperty({ description: 'Their name at that time.', example: 'ada' })
  actor_name: string;
  @ApiProperty({ enum: [...AUDIT_ACTIONS] })
  action: AuditAction;
  @ApiProperty({ type: 'integer', nullable: true, description: 'Whom it was done to.' })
  user_id: number | null;
  @ApiProperty({ type: 'integer', nullable: true, description: 'In which room.' })
  room_id: number | null;
  @ApiProperty({
    type: 'object',
    additionalProperties: { oneOf: [{ type: 'string' }, { type: 'number' }, { type: 'null' }] },
    description: 'What else there is to say: a reason, a role, a time.',
    example: { reason: 'spam' },
  })
  facts: Record<string, unknown>;
  @ApiProperty({ description: 'The `X-Request-Id` of the request, or of the handshake of the socket.' })
  request_id: string;
  @ApiProperty({ example: '203.0.113.7' })
  address: string;
}
