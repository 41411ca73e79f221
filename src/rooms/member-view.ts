import { iso, MAX_ID } from '../database/columns.js';
import type { Membership } from './membership.entity.js';
import { roleOf, type RoomFacts } from './room-access.js';
import type { MemberDto } from './rooms.dto.js';

export function asMemberDto({ userId, user, joinedAt, role }: Membership, room: RoomFacts): MemberDto {
  return {
    user_id: userId,
    username: user?.username ?? '',
    role: roleOf(room.ownerId, userId, role) ?? role,
    joined_at: iso(joinedAt),
  };
}

/**
 * The place of a member in the list of a room, as text. It stays good when the member has left: the list goes on
 * with whoever joined next.
 */
export function placeOf({ joinedAt, userId }: Membership): string {
  return `${joinedAt}-${userId}`;
}

/** @param place as {@link placeOf} writes it */
export function placeIn(place: string): { joinedAt: number; userId: number } {
  const [joinedAt, userId] = place.split('-');
  return { joinedAt: Number(joinedAt), userId: Math.min(Number(userId), MAX_ID) };
}
