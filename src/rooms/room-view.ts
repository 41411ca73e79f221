import { iso } from '../database/columns.js';
import type { RoomStanding } from './room-access.js';
import { capabilitiesOf } from './room-capabilities.js';
import type { RoomDto } from './rooms.dto.js';

/** A room as somebody who stands to it like this sees it. */
export function asRoomDto(standing: RoomStanding): RoomDto {
  const { room, isMember, role } = standing;
  return {
    id: room.id,
    name: room.name,
    description: room.description,
    visibility: room.visibility,
    created_at: iso(room.createdAt),
    owner_id: room.ownerId,
    head_seq: room.headSeq,
    is_member: isMember,
    role,
    capabilities: capabilitiesOf(standing),
  };
}
