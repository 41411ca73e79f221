import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { CurrentUser } from '../identity/decorators.js';
import { ApiProblems } from '../protocol/api-problems.js';
import { ChangePasswordDto } from './passwords.dto.js';
import { PasswordsService } from './passwords.service.js';

@ApiTags('auth')
@Controller('api/users/me/password')
export class PasswordsController {
  constructor(private readonly passwords: PasswordsService) {}

  @Post()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'changePassword',
    summary: 'Change your password',
    description: 'Ends your other sessions, with their tokens and sockets. The one that asks goes on.',
  })
  @ApiNoContentResponse({ description: 'Done.' })
  @ApiProblems(
    'not_authenticated',
    'wrong_password',
    'invalid_input',
    'unreadable_json',
    'body_too_large',
    'rate_limited',
  )
  change(@CurrentUser() user: AuthenticatedUser, @Body() draft: ChangePasswordDto): Promise<void> {
    return this.passwords.change(user, draft);
  }
}
