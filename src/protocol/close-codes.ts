/**
 * Why the server closes a socket (RFC 6455, 7.4). Two ranges of its own, so that a client needs no table:
 * 4200 to 4299 and 1012 mean "come back and resume"; 4400 to 4499 mean "not again as you are": get a token,
 * lose the room, or slow down first.
 */
export const CLOSE = {
  /** A binary frame where only text is spoken. */
  unsupportedData: { code: 1003, reason: 'text frames only' },
  /** Sent with the number of milliseconds to wait, another one for each socket: {@link restartingIn}. */
  restarting: { code: 1012, reason: 'server restarts, come back' },
  internal: { code: 1011, reason: 'internal error, come back' },
  heartbeatMissed: { code: 4208, reason: 'no answer to the heartbeat, come back' },
  messageUnfinished: { code: 4209, reason: 'message not finished in time, come back' },
  tooSlow: { code: 4290, reason: 'reading too slowly, come back and resume' },
  tooManyErrors: { code: 4400, reason: 'too many wrong frames' },
  sessionEnded: { code: 4401, reason: 'session ended, get a new token' },
  tokenExpired: { code: 4401, reason: 'token expired, get a new one' },
  notAllowed: { code: 4403, reason: 'no longer allowed in this room' },
  flooding: { code: 4429, reason: 'too many frames' },
} as const satisfies Record<string, CloseReason>;

/** A reason of its own for each socket, so that those of a whole server do not come back in one moment. */
export function restartingIn(milliseconds: number): CloseReason {
  const { code, reason } = CLOSE.restarting;
  return { code, reason: `${reason} in ${milliseconds} ms` };
}

export interface CloseReason {
  readonly code: number;
  readonly reason: string;
}
