import { iso } from '../database/columns.js';
import { AppError } from '../errors/app-error.js';

/** Roles in a room, the strongest first. */
export const ROOM_ROLES = ['owner', 'admin', 'member'] as const;
export type RoomRole = (typeof ROOM_ROLES)[number];

/** The roles that an owner can give to members. */
export const MEMBER_ROLES = ['admin', 'member'] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];

/** What a role in a room allows, by name. What a system role allows: see `identity/capabilities.ts`. */
const CAPABILITIES_OF = {
  owner: [
    'read',
    'send',
    'invite',
    'add_members',
    'kick',
    'ban',
    'mute',
    'change_roles',
    'transfer_ownership',
  ],
  admin: ['read', 'send', 'invite', 'add_members', 'kick', 'ban', 'mute'],
  member: ['read', 'send'],
} as const satisfies Record<RoomRole, readonly string[]>;

export type RoomCapability = (typeof CAPABILITIES_OF)[RoomRole][number];

export const ROOM_CAPABILITIES: readonly RoomCapability[] = CAPABILITIES_OF.owner;

/** What belongs to a membership: an owner who has left the room does not have it. */
const OF_MEMBERS: ReadonlySet<RoomCapability> = new Set(['read', 'send']);

/** What decides what somebody may do in a room. */
export interface Standing {
  readonly isPrivate: boolean;
  readonly isMember: boolean;
  /** Nothing for whoever is neither a member nor the owner. */
  readonly role: RoomRole | null;
  /** Milliseconds since the epoch; 0 for whoever is not muted, Infinity for a mute without an end. */
  readonly mutedUntil: number;
}

/** To a stranger a private room is as good as missing. */
export function isHidden({ isPrivate, role }: Standing): boolean {
  return isPrivate && role === null;
}

/** Why somebody may not do something in a room that exists; nothing if they may. */
export function refusalOf(standing: Standing, capability: RoomCapability): AppError | undefined {
  const { isMember, role } = standing;
  if (isHidden(standing)) return new AppError('room_not_found');
  if (OF_MEMBERS.has(capability) && !isMember) return new AppError('not_a_member');
  if (role === null || !isGiven(role, capability)) return new AppError('forbidden');
  if (capability === 'send' && isMuted(standing)) return muted(standing.mutedUntil);
  return undefined;
}

/** In the order of the table. */
export function capabilitiesOf(standing: Standing): RoomCapability[] {
  return ROOM_CAPABILITIES.filter((capability) => refusalOf(standing, capability) === undefined);
}

/** Whether one role may be used against another: nobody's against the owner, an admin's not against admins. */
export function isAbove(actor: RoomRole | null, target: RoomRole | null): boolean {
  if (target === 'owner' || actor === null) return false;
  return actor === 'owner' || target !== actor;
}

/** The error for whoever is muted. Says until when, if there is an end. */
export function muted(until: number): AppError {
  if (until === Infinity) return new AppError('muted');
  const end = iso(until);
  return new AppError('muted', {
    detail: `You are muted in this room until ${end}.`,
    facts: { muted_until: end },
  });
}

function isMuted({ mutedUntil }: Standing): boolean {
  return mutedUntil > 0 && mutedUntil > Date.now();
}

function isGiven(role: RoomRole, capability: RoomCapability): boolean {
  const given: readonly RoomCapability[] = CAPABILITIES_OF[role];
  return given.includes(capability);
}
