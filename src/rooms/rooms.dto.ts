import { ApiProperty } from '@nestjs/swagger';
import { Integer, QueryInteger, Text } from '../protocol/fields.js';
import { PAGE_MAX, ROOM_DESCRIPTION_MAX, ROOM_NAME_MAX } from '../protocol/limits.js';
import {
  MEMBER_ROLES,
  ROOM_CAPABILITIES,
  ROOM_ROLES,
  type MemberRole,
  type RoomCapability,
  type RoomRole,
} from './room-capabilities.js';
import { VISIBILITIES, type Visibility } from './room.entity.js';

/** The place of a member in the list of a room: see `placeOf`. */
const PLACE = '^\\d{1,15}-\\d{1,15}$';

export class CreateRoomDto {
  @Text(
    { maxLength: ROOM_NAME_MAX, pattern: '\\S', form: 'not only white space' },
    { description: 'Names of public rooms are unique without regard to case.', example: 'lobby' },
  )
  name: string;

  @Text(
    { minLength: 0, maxLength: ROOM_DESCRIPTION_MAX },
    { description: 'What it is about.', optional: true },
  )
  description?: string | null;

  @Text(
    { enum: VISIBILITIES },
    {
      description: 'Everybody may join a public room; into a private one people are added.',
      optional: true,
      default: 'public',
    },
  )
  visibility?: Visibility | null;
}

export class RoomsQuery {
  @QueryInteger({ minimum: 0 }, { description: 'Rooms to pass over.', default: 0 })
  skip?: number;

  @QueryInteger({ minimum: 1, maximum: PAGE_MAX }, { description: 'Rooms in one answer.', default: PAGE_MAX })
  limit?: number;
}

export class RoomDto {
  @ApiProperty({ type: 'integer', example: 1 })
  id: number;
  @ApiProperty({ example: 'lobby' })
  name: string;
  @ApiProperty({ type: String, nullable: true })
  description: string | null;
  @ApiProperty({ enum: [...VISIBILITIES] })
  visibility: Visibility;
  @ApiProperty({ format: 'date-time', example: '2026-11-22T17:00:00.000Z' })
  created_at: string;
  @ApiProperty({ type: 'integer', example: 7 })
  owner_id: number;
  @ApiProperty({
    type: 'integer',
    description: 'The newest `seq` of its log; 0 when nobody has said anything.',
    example: 42,
  })
  head_seq: number;
  @ApiProperty({ description: 'Whether you are a member.' })
  is_member: boolean;
  @ApiProperty({ enum: [...ROOM_ROLES, null], type: String, nullable: true, description: 'Your role in it.' })
  role: RoomRole | null;
  @ApiProperty({
    enum: [...ROOM_CAPABILITIES],
    isArray: true,
    description: 'What you may do in it now. `send` is missing while you are muted.',
  })
  capabilities: RoomCapability[];
}

export class MembersQuery {
  @Text(
    { pattern: PLACE, form: 'as the `Link` header gives it' },
    { description: 'Where a page begins: from the `Link` header of the page before.', optional: true },
  )
  after?: string | null;

  @QueryInteger(
    { minimum: 1, maximum: PAGE_MAX },
    { description: 'Members in one answer.', default: PAGE_MAX },
  )
  limit?: number;
}

export class ChangeRoleDto {
  @Text({ enum: MEMBER_ROLES }, { description: 'The new role.', example: 'admin' })
  role: MemberRole;
}

export class TransferOwnershipDto {
  @Integer({ minimum: 1 }, { description: 'The new owner: a member of the room.', example: 7 })
  user_id: number;
}

export class MemberDto {
  @ApiProperty({ type: 'integer', example: 7 })
  user_id: number;
  @ApiProperty({ example: 'ada' })
  username: string;
  @ApiProperty({ enum: [...ROOM_ROLES] })
  role: RoomRole;
  @ApiProperty({ format: 'date-time', example: '2026-11-22T17:00:00.000Z' })
  joined_at: string;
}

/** What `join` and `leave` answer: a sentence that old clients show. */
export class DoneDto {
  @ApiProperty({ example: 'You have joined lobby.' })
  message: string;
}
