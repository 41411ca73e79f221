/** Everything that is audited. Names are added, never changed: entries outlive the code that wrote them. */
export const AUDIT_ACTIONS = [
  'room_created',
  'member_added',
  'member_kicked',
  'user_banned',
  'ban_lifted',
  'user_muted',
  'mute_lifted',
  'room_role_changed',
  'ownership_transferred',
  'invitation_made',
  'invitation_revoked',
  'invitation_used',
  'session_ended',
  'sessions_ended',
  'password_changed',
  'system_role_changed',
  'key_rotated',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];
