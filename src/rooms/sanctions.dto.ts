import { ApiProperty } from '@nestjs/swagger';
import { Integer, QueryInteger, Text } from '../protocol/fields.js';
import { PAGE_MAX, REASON_MAX, SANCTION_SECONDS_MAX } from '../protocol/limits.js';

/** How long a ban or a mute is to last, and why. */
export class SanctionDto {
  @Integer(
    { minimum: 1, maximum: SANCTION_SECONDS_MAX },
    { description: 'Seconds until it ends by itself; until it is lifted if absent.', optional: true },
  )
  seconds?: number | null;

  @Text(
    { maxLength: REASON_MAX },
    { description: 'Why. Shown to those who may moderate, and to whoever is muted.', optional: true },
  )
  reason?: string | null;
}

export class SanctionsQuery {
  @QueryInteger({ minimum: 1 }, { description: 'Only users after this id: the last one of the page before.' })
  after?: number;

  @QueryInteger(
    { minimum: 1, maximum: PAGE_MAX },
    { description: 'Entries in one answer.', default: PAGE_MAX },
  )
  limit?: number;
}

class SanctionedUser {
  @ApiProperty({ type: 'integer', example: 7 })
  user_id: number;
  @ApiProperty({ example: 'ada' })
  username: string;
  @ApiProperty({
    format: 'date-time',
    type: String,
    nullable: true,
    description: 'When it ends by itself.',
    example: '2026-11-24T18:00:00.000Z',
  })
  until: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'Why.', example: 'spam' })
  reason: string | null;
}

export class BanDto extends SanctionedUser {
  @ApiProperty({ type: 'integer', description: 'Whose decision it was.', example: 1 })
  banned_by: number;
  @ApiProperty({ format: 'date-time', example: '2026-11-24T17:00:00.000Z' })
  banned_at: string;
}

export class MuteDto extends SanctionedUser {
  @ApiProperty({ type: 'integer', description: 'Whose decision it was.', example: 1 })
  muted_by: number;
  @ApiProperty({ format: 'date-time', example: '2026-11-24T17:00:00.000Z' })
  muted_at: string;
}
