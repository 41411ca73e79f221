import type { Role } from './authenticated-user.js';

/**
 * What a system role allows, by name: routes ask for a capability, never for a role, so that what a role may do
 * is decided here and nowhere else. What somebody may do in a room is not a matter of these: see
 * `rooms/room-capabilities.ts`.
 */
const CAPABILITIES_OF = {
  user: [],
  ops: ['see_connections'],
  admin: ['see_connections', 'read_audit'],
} as const satisfies Record<Role, readonly string[]>;

export type Capability = (typeof CAPABILITIES_OF)[Role][number];

export const CAPABILITIES: readonly Capability[] = CAPABILITIES_OF.admin;

export function capabilitiesOf(role: Role): readonly Capability[] {
  return CAPABILITIES_OF[role];
}
