import type { ErrorCode } from '../../src/errors/catalogue.js';

/**
 * How somebody may stand to a room. `callers.ts` says how each of them comes to stand so; the tables say for each
 * route and frame what happens to each of them.
 */
export const CALLERS = [
  /** Shows no token. */
  'anonymous',
  /** Was never in the room. */
  'stranger',
  'member',
  /** A member with the room role `admin`: the one called `admin` here has a role in the system. */
  'roomAdmin',
  /** A member who may not speak. */
  'muted',
  'left',
  'kicked',
  'banned',
  'owner',
  /** Owns another room, and was never in this one. */
  'neighbour',
  /** Have a role in the system, and none in the room. */
  'ops',
  'admin',
] as const;
export type Caller = (typeof CALLERS)[number];
export type Known = Exclude<Caller, 'anonymous'>;

/** To them a private room is as good as missing. */
const OUTSIDERS = ['stranger', 'left', 'kicked', 'banned', 'neighbour', 'ops', 'admin'] as const;
export type Outsider = (typeof OUTSIDERS)[number];

/** An HTTP status, with the code of the problem where there is one. */
export type HttpOutcome = `${number}` | `${number} ${ErrorCode}`;
/** `ack`, the code of the `error`, or the HTTP outcome of a handshake that was refused before any frame. */
export type FrameOutcome = 'ack' | ErrorCode | HttpOutcome;

export type Row<Outcome> = Readonly<Record<Caller, Outcome>>;

/** What happens to each caller in a public room, and in a private one. */
export interface RoomRows<Outcome> {
  readonly public: Row<Outcome>;
  readonly private: Row<Outcome>;
}

/** The same for all who show a token. Spread it, and name the exceptions after it. */
export function everybody<Outcome extends FrameOutcome>(
  outcome: Outcome,
): Row<Outcome | '401 not_authenticated'> {
  return { ...anybody(outcome), anonymous: '401 not_authenticated' };
}

/** The same for all, with or without a token. */
export function anybody<Outcome extends FrameOutcome>(outcome: Outcome): Row<Outcome> {
  return {
    anonymous: outcome,
    stranger: outcome,
    member: outcome,
    roomAdmin: outcome,
    muted: outcome,
    left: outcome,
    kicked: outcome,
    banned: outcome,
    owner: outcome,
    neighbour: outcome,
    ops: outcome,
    admin: outcome,
  };
}

/** The same for all who belong to the room. */
export function members<Outcome extends FrameOutcome>(
  outcome: Outcome,
): Readonly<Record<'member' | 'roomAdmin' | 'muted' | 'owner', Outcome>> {
  return { member: outcome, roomAdmin: outcome, muted: outcome, owner: outcome };
}

/** The same for all to whom a private room is as good as missing. */
export function outsiders<Outcome extends FrameOutcome>(
  outcome: Outcome,
): Readonly<Record<Outsider, Outcome>> {
  return {
    stranger: outcome,
    left: outcome,
    kicked: outcome,
    banned: outcome,
    neighbour: outcome,
    ops: outcome,
    admin: outcome,
  };
}

/** A private room answers as a public one does, except that outsiders find nothing, and what `otherwise` says. */
export function rooms<Outcome extends FrameOutcome>(
  inPublic: Row<Outcome>,
  otherwise: Partial<Row<Outcome>> = {},
): RoomRows<Outcome | '404 room_not_found'> {
  return { public: inPublic, private: { ...inPublic, ...outsiders('404 room_not_found'), ...otherwise } };
}

export function isOutsider(caller: Caller): caller is Outsider {
  return OUTSIDERS.some((outsider) => outsider === caller);
}

/** Whether the table says that the call is refused: then it must not change anything. */
export function isRefusal(outcome: FrameOutcome): boolean {
  return outcome !== 'ack' && !/^[123]\d\d$/.test(outcome);
}
