import { ApiProperty } from '@nestjs/swagger';
import { Text } from '../protocol/fields.js';

export class EndSessionsQuery {
  @Text(
    { enum: ['true', 'false'] },
    {
      description: 'Whether the session of this request goes on. With `false` it ends too.',
      optional: true,
      default: 'true',
    },
  )
  keep_current?: 'true' | 'false' | null;
}

export class SessionDto {
  @ApiProperty({ format: 'uuid', example: '3bcb4c59-0dfc-46e2-b4e2-6bcf98a401da' })
  id: string;
  @ApiProperty({ description: 'The `User-Agent` of its last use: text that the client chose.' })
  device: string;
  @ApiProperty({ description: 'The address of its last use.', example: '203.0.113.7' })
  address: string;
  @ApiProperty({ format: 'date-time', description: 'The log-in.', example: '2026-11-22T17:00:00.000Z' })
  created_at: string;
  @ApiProperty({
    format: 'date-time',
    description: 'The last log-in or refresh: what it does with a token in between is not counted.',
    example: '2026-11-22T17:30:00.000Z',
  })
  last_used_at: string;
  @ApiProperty({
    format: 'date-time',
    description: 'When it ends unless it is refreshed before.',
    example: '2026-12-22T17:30:00.000Z',
  })
  expires_at: string;
  @ApiProperty({ description: 'Whether it is the session of this request.' })
  current: boolean;
}

export class SessionsEndedDto {
  @ApiProperty({ type: 'integer', description: 'How many have ended.', example: 2 })
  ended: number;
}
