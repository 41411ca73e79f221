import { ApiProperty } from '@nestjs/swagger';
import { ROLES, type Role } from '../identity/authenticated-user.js';
import { CAPABILITIES, type Capability } from '../identity/capabilities.js';
import { Text } from '../protocol/fields.js';
import { EMAIL_MAX, PASSWORD_MAX_BYTES, PASSWORD_MIN, USERNAME_MAX } from '../protocol/limits.js';

/** No white space, no control or invisible formatting characters: what looks empty is no name. */
const USERNAME_PATTERN = '^[^\\s\\p{C}]+$';

/** One @, no white space, a domain with a dot: whether it is real only a message to it can tell. */
const EMAIL_PATTERN = '^[^\\s@\\p{C}]+@[^\\s@\\p{C}]+\\.[^\\s@\\p{C}.]+$';

/** What a new password has to be like, at sign-up and later. */
export const PASSWORD_RULE = { minLength: PASSWORD_MIN, maxBytes: PASSWORD_MAX_BYTES } as const;

export class CreateUserDto {
  @Text(
    { maxLength: USERNAME_MAX, pattern: USERNAME_PATTERN, form: 'without white space' },
    { description: 'Unique without regard to case. No white space.', example: 'ada' },
  )
  username: string;

  @Text(
    { minLength: 3, maxLength: EMAIL_MAX, pattern: EMAIL_PATTERN, form: 'as an email address' },
    { description: 'Unique without regard to case. Shown to nobody else.', example: 'ada@example.org' },
  )
  email: string;

  @Text(PASSWORD_RULE, {
    description: `At most ${PASSWORD_MAX_BYTES} bytes of UTF-8, and none that is on everybody's list.`,
    example: 'correct horse battery',
  })
  password: string;
}

export class UserDto {
  @ApiProperty({ type: 'integer', example: 7 })
  id: number;
  @ApiProperty({ example: 'ada' })
  username: string;
  @ApiProperty({ example: 'ada@example.org' })
  email: string;
  @ApiProperty({ example: true })
  is_active: boolean;
}

export class OwnUserDto extends UserDto {
  @ApiProperty({ enum: [...ROLES], description: 'Your role on this server.' })
  role: Role;
  @ApiProperty({
    enum: [...CAPABILITIES],
    isArray: true,
    description: 'What it allows, beside what everybody may.',
  })
  capabilities: Capability[];
}
