import { ApiProperty } from '@nestjs/swagger';
import { Text } from '../protocol/fields.js';
import { TICKET_SECONDS, USERNAME_MAX } from '../protocol/limits.js';

const IGNORED = { description: 'Accepted for OAuth2 clients, and ignored.', optional: true };

/** RFC 6749, 4.3.2 and 6, as a form or as JSON. */
export class TokenRequestDto {
  @Text(
    { enum: ['password', 'refresh_token'] },
    { description: 'What is shown.', optional: true, default: 'password' },
  )
  grant_type?: 'password' | 'refresh_token' | null;

  @Text({ maxLength: USERNAME_MAX * 4 }, { description: 'With `password`.', optional: true, example: 'ada' })
  username?: string | null;

  @Text(
    { maxLength: 1024 },
    { description: 'With `password`.', optional: true, example: 'correct horse battery' },
  )
  password?: string | null;

  @Text({ maxLength: 4096 }, { description: 'With `refresh_token`.', optional: true })
  refresh_token?: string | null;

  @Text({ minLength: 0, maxLength: 1024 }, IGNORED)
  scope?: string | null;

  @Text({ minLength: 0, maxLength: 256 }, IGNORED)
  client_id?: string | null;

  @Text({ minLength: 0, maxLength: 256 }, IGNORED)
  client_secret?: string | null;
}

/** RFC 6749, 5.1. */
export class TokenDto {
  @ApiProperty({ description: 'A JWT (RFC 7519).', example: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.c2ln' })
  access_token: string;
  @ApiProperty({ enum: ['bearer'] })
  token_type: 'bearer';
  @ApiProperty({ type: 'integer', description: 'Seconds until the access token ends.', example: 1800 })
  expires_in: number;
  @ApiProperty({ description: 'Gives the next pair, once. Its second use ends the session.' })
  refresh_token: string;
}

export class TicketDto {
  @ApiProperty({ description: 'Opens one socket: `/ws/auth?ticket=…`.' })
  ticket: string;
  @ApiProperty({ type: 'integer', description: 'Seconds until it ends.', example: TICKET_SECONDS })
  expires_in: number;
}
