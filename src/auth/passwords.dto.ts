import { Text } from '../protocol/fields.js';
import { PASSWORD_MAX_BYTES } from '../protocol/limits.js';
import { PASSWORD_RULE } from '../users/users.dto.js';

export class ChangePasswordDto {
  @Text({ maxLength: 1024 }, { description: 'The one until now.', example: 'correct horse battery' })
  current_password: string;

  @Text(PASSWORD_RULE, {
    description: `The one from now on. At most ${PASSWORD_MAX_BYTES} bytes of UTF-8.`,
    example: 'staple of another kind',
  })
  new_password: string;
}
