import { Body, Controller, Get, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import { capabilitiesOf } from '../identity/capabilities.js';
import { CurrentUser, Public } from '../identity/decorators.js';
import { ApiProblems } from '../protocol/api-problems.js';
import type { User } from './user.entity.js';
import { CreateUserDto, OwnUserDto, UserDto } from './users.dto.js';
import { UsersService } from './users.service.js';

@ApiTags('users')
@Controller('api/users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Post()
  @Public()
  @ApiOperation({ operationId: 'createUser', summary: 'Sign up' })
  @ApiCreatedResponse({ type: UserDto, description: 'The new account.' })
  @ApiProblems(
    'username_taken',
    'email_taken',
    'invalid_input',
    'unreadable_json',
    'body_too_large',
    'rate_limited',
  )
  async create(@Body() draft: CreateUserDto): Promise<UserDto> {
    return toDto(await this.users.create(draft));
  }

  @Get('me')
  @ApiOperation({ operationId: 'getMe', summary: 'See your own account' })
  @ApiOkResponse({ type: OwnUserDto, description: 'Your account.' })
  @ApiProblems('not_authenticated')
  async me(@CurrentUser() { id, role }: AuthenticatedUser): Promise<OwnUserDto> {
    return { ...toDto(await this.users.get(id)), role, capabilities: [...capabilitiesOf(role)] };
  }
}

function toDto({ id, username, email, isActive }: User): UserDto {
  return { id, username, email, is_active: isActive };
}
