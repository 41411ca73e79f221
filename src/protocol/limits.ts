/**
 * Limits that shape a field or an answer and so stand in the published schemas. Limits that an operator
 * may move are in `config/settings.ts`. Lengths count Unicode code points.
 */
export const USERNAME_MAX = 64;
export const EMAIL_MAX = 254;
export const PASSWORD_MIN = 8;
/** bcrypt ignores every byte after the 72nd, so a longer password is refused instead of cut. */
export const PASSWORD_MAX_BYTES = 72;
export const ROOM_NAME_MAX = 100;
export const ROOM_DESCRIPTION_MAX = 1000;
/** Why somebody was banned or muted. */
export const REASON_MAX = 500;
/** Seconds of a ban or a mute that ends by itself: a year. */
export const SANCTION_SECONDS_MAX = 31_536_000;
export const CLIENT_MSG_ID_MAX = 128;
export const REF_MAX = 64;
export const EPOCH_MAX = 64;
/** Several times what a token of ours has. */
export const TOKEN_MAX = 4096;

/** Headers of one request, and the bytes of all of them with the first line. */
export const HEADERS_MAX = 100;
export const HEADER_BYTES_MAX = 16_384;

/** Seconds that an invitation can be used, and how many members it can bring. */
export const INVITATION_SECONDS_MIN = 60;
export const INVITATION_SECONDS_MAX = 2_592_000;
export const INVITATION_SECONDS_DEFAULT = 604_800;
/** Longer than any code that was ever given out. */
export const INVITATION_CODE_MAX = 128;
export const INVITATION_USES_MAX = 10_000;

export const PAGE_MAX = 100;
/** Messages in the history that a socket gets when it joins without a cursor, and the REST default. */
export const HISTORY_DEFAULT = 50;
/** Messages in one page of a catch-up. */
export const CATCH_UP_PAGE = 100;

/** Milliseconds before the first attempt to come back, doubled by each that fails, up to the second. */
export const RECONNECT_MIN_MS = 500;
export const RECONNECT_MAX_MS = 30_000;

/** Seconds after which a client stops showing that somebody types. */
export const TYPING_EXPIRES_IN = 6;
/** Seconds a WebSocket ticket can be used. */
export const TICKET_SECONDS = 30;
