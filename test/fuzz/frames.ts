import fc from 'fast-check';
import { damaged, hostileJson, hostileKey, hostileText, monstrous, objectText } from './hostile.js';

/** Stand for ids that are known only when the frame is sent. */
const ROOM = '"@room@"';
const ELSEWHERE = '"@elsewhere@"';
const MESSAGE = '"@message@"';

/** Puts the ids in. */
export function withIds(text: string, ids: { room: number; elsewhere: number; message: number }): string {
  return text
    .replaceAll(ROOM, String(ids.room))
    .replaceAll(ELSEWHERE, String(ids.elsewhere))
    .replaceAll(MESSAGE, String(ids.message));
}

const anyRoom = fc.oneof(
  { weight: 6, arbitrary: fc.constant(ROOM) },
  { weight: 1, arbitrary: fc.constant(ELSEWHERE) },
  { weight: 1, arbitrary: fc.constant('999999') },
  { weight: 2, arbitrary: hostileJson },
);
const refs = fc.oneof(
  { weight: 6, arbitrary: fc.string({ maxLength: 8 }).map((text) => JSON.stringify(text)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('"\u{1f600}"', `"${'\u{1f600}'.repeat(64)}"`, `"${'r'.repeat(65)}"`),
  },
  { weight: 1, arbitrary: fc.constantFrom('""', 'null', '5', '[]', '{}', '"\\ud800"', '"\\u0000"') },
);
const types = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom('"message"', '"join_room"', '"leave_room"', '"typing"', '"ping"'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('"__proto__"', '"constructor"', '"ack"', '"toString"', '""', 'null'),
  },
  { weight: 1, arbitrary: hostileJson },
);
const contents = fc.oneof(
  fc.string({ minLength: 1, maxLength: 40 }).map((text) => JSON.stringify(text)),
  hostileText.map((text) => JSON.stringify(text)),
  hostileJson,
);
const ids = fc.oneof(
  fc.string({ maxLength: 6 }).map((text) => JSON.stringify(text)),
  hostileJson,
);
const places = fc.oneof(fc.constantFrom('0', '1', '999999'), hostileJson);
const replies = fc.oneof(fc.constantFrom(MESSAGE, '999999', 'null'), hostileJson);

const field = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('type'), types) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('room_id'), anyRoom) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('content'), contents) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('ref'), refs) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('client_msg_id'), ids) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('reply_to'), replies) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('after_seq'), places) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('epoch'), ids) },
  { weight: 1, arbitrary: fc.tuple(hostileKey, hostileJson) },
);
const mixture = fc.array(field, { maxLength: 9 }).map(objectText);
/** Whole, and right as far as its shape goes. */
const right = fc
  .tuple(types, fc.constant(ROOM), fc.string({ minLength: 1, maxLength: 20 }), refs)
  .map(([type, room, content, ref]) =>
    objectText([
      ['type', type],
      ['room_id', room],
      ['content', JSON.stringify(content)],
      ['ref', ref],
    ]),
  );

/** One text frame: right, nearly right, or nothing of the sort. Well-formed, so that it travels as it is. */
export const frameText: fc.Arbitrary<string> = fc
  .oneof(
    { weight: 30, arbitrary: mixture },
    { weight: 20, arbitrary: right },
    { weight: 10, arbitrary: damaged(right) },
    { weight: 10, arbitrary: fc.json() },
    { weight: 10, arbitrary: fc.string({ unit: 'binary' }) },
    { weight: 5, arbitrary: hostileText },
    { weight: 1, arbitrary: monstrous },
  )
  .map((text) => text.toWellFormed());

/** What a client may expect for a text on an authenticated socket. */
export interface Expected {
  /** One `ack` or `error` with this `ref`. */
  readonly ref?: string;
  /** An `error` without a `ref`. */
  readonly isRefused: boolean;
  /** A correct `ping`. */
  readonly isPing: boolean;
}

const REF_MAX = 64;
const REFUSED: Expected = { isRefused: true, isPing: false };

export function expectedOf(text: string): Expected {
  const value = objectIn(text);
  if (value === undefined) return REFUSED;
  const { ref } = value;
  const isPing = value.type === 'ping';
  if (ref === undefined || ref === null) return { isRefused: false, isPing };
  if (typeof ref !== 'string' || !ref.isWellFormed() || [...ref].length > REF_MAX) return REFUSED;
  // U+0000 is refused in every field, and answered with the `ref` in which it is.
  return { ref, isRefused: false, isPing: isPing && !ref.includes('\0') };
}

function objectIn(text: string): { ref?: unknown; type?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
