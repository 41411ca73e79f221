/**
 * Everything that can go wrong, once: the code that programs read, the HTTP status, the sentence that
 * people read, and whether the same request may succeed if it is simply sent again.
 *
 * Codes are part of the contract: they are added, never renamed. Statuses follow RFC 9110, and RFC 6585
 * for 429.
 */
export const CATALOGUE = {
  invalid_input: { status: 422, retryable: false, sentence: 'Some fields are missing or wrong.' },
  unreadable_json: { status: 400, retryable: false, sentence: 'The body is not readable JSON.' },
  bad_request: { status: 400, retryable: false, sentence: 'The request is malformed.' },
  invalid_frame: {
    status: 422,
    retryable: false,
    sentence: 'The frame is missing a field or has a wrong one.',
  },
  unknown_type: { status: 422, retryable: false, sentence: 'There is no frame of this type.' },
  not_on_this_socket: {
    status: 422,
    retryable: false,
    sentence: 'This socket is bound to one room; use /ws/auth to join and leave rooms.',
  },
  reply_not_found: {
    status: 422,
    retryable: false,
    sentence: 'The message to reply to is not in this room.',
  },

  not_authenticated: { status: 401, retryable: false, sentence: 'A valid token is needed.' },
  token_expired: { status: 401, retryable: false, sentence: 'The token has expired; get a new one.' },
  wrong_credentials: { status: 401, retryable: false, sentence: 'Wrong username or password.' },
  /** Not 401: the token is good, and a client that gets a new one asks in vain again. */
  wrong_password: { status: 403, retryable: false, sentence: 'The current password is another one.' },

  other_user: {
    status: 403,
    retryable: false,
    sentence: 'The token is of another user; open another socket for them.',
  },

  forbidden: { status: 403, retryable: false, sentence: 'You may not do this.' },
  origin_not_allowed: { status: 403, retryable: false, sentence: 'This origin may not open a socket here.' },
  not_a_member: { status: 403, retryable: false, sentence: 'You are not a member of this room.' },
  room_is_private: { status: 403, retryable: false, sentence: 'This room is private.' },
  too_many_rooms: { status: 403, retryable: false, sentence: 'This socket listens to too many rooms.' },
  muted: { status: 403, retryable: false, sentence: 'You are muted in this room.' },
  banned: { status: 403, retryable: false, sentence: 'You are banned from this room.' },

  too_many_memberships: {
    status: 403,
    retryable: false,
    sentence: 'You are in too many rooms; leave one first.',
  },
  too_many_rooms_owned: { status: 403, retryable: false, sentence: 'You own too many rooms.' },
  too_many_invitations: {
    status: 403,
    retryable: false,
    sentence: 'This room has too many open invitations; revoke some first.',
  },

  room_not_found: { status: 404, retryable: false, sentence: 'There is no such room.' },
  invitation_not_found: {
    status: 404,
    retryable: false,
    sentence: 'There is no such invitation, or it is over.',
  },
  user_not_found: { status: 404, retryable: false, sentence: 'There is no such user.' },
  session_not_found: { status: 404, retryable: false, sentence: 'You have no such session.' },
  route_not_found: { status: 404, retryable: false, sentence: 'There is nothing here.' },
  method_not_allowed: { status: 405, retryable: false, sentence: 'This method is not supported here.' },

  not_in_room: { status: 400, retryable: false, sentence: 'You are not in this room.' },
  username_taken: { status: 409, retryable: false, sentence: 'This username is taken.' },
  email_taken: { status: 409, retryable: false, sentence: 'This email is taken.' },
  room_name_taken: { status: 409, retryable: false, sentence: 'This room name is taken.' },

  content_too_long: { status: 413, retryable: false, sentence: 'The message is too long.' },
  body_too_large: { status: 413, retryable: false, sentence: 'The body is too large.' },
  unsupported_media_type: { status: 415, retryable: false, sentence: 'The body must be JSON.' },
  request_timeout: { status: 408, retryable: true, sentence: 'The request took too long to arrive.' },
  headers_too_large: {
    status: 431,
    retryable: false,
    sentence: 'The headers are too large, or too many.',
  },
  upgrade_required: { status: 426, retryable: false, sentence: 'This address speaks WebSocket only.' },

  rate_limited: { status: 429, retryable: true, sentence: 'Too fast; wait a moment.' },
  too_many_connections: { status: 429, retryable: true, sentence: 'You have too many open sockets.' },

  gap: {
    status: 410,
    retryable: false,
    sentence: 'The place to resume from is not in the log; start from the history that follows.',
  },
  internal: { status: 500, retryable: true, sentence: 'Something went wrong on our side.' },
  server_full: { status: 503, retryable: true, sentence: 'The server is full; come back later.' },
  shutting_down: { status: 503, retryable: true, sentence: 'The server is shutting down; come back later.' },
  storage_unavailable: {
    status: 503,
    retryable: true,
    sentence: 'Nothing can be stored right now; try again.',
  },
} as const satisfies Record<string, CatalogueEntry>;

interface CatalogueEntry {
  readonly status: number;
  readonly retryable: boolean;
  readonly sentence: string;
}

export type ErrorCode = keyof typeof CATALOGUE;
