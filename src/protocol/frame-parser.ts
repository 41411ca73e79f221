import { AppError } from '../errors/app-error.js';
import {
  CLIENT_FRAME_TYPES,
  CLIENT_FRAMES,
  type AnyClientFrame,
  type ClientFrameType,
} from './client-frames.js';
import { checkOf, type WrongField } from './fields.js';
import { REF_MAX } from './limits.js';

/** A client frame that is known to be whole, or what is wrong with it. Either way, the `ref` to answer. */
export type ParsedFrame =
  | {
      readonly ok: true;
      readonly ref: string | undefined;
      readonly type: ClientFrameType;
      readonly frame: AnyClientFrame;
    }
  | { readonly ok: false; readonly ref: string | undefined; readonly error: AppError };

const checks = new Map<string, { type: ClientFrameType; check: (value: object) => WrongField | undefined }>();
for (const type of CLIENT_FRAME_TYPES) {
  checks.set(type, { type, check: checkOf(CLIENT_FRAMES[type]) });
}

/**
 * Reads one text frame. Never throws: whatever arrives, the answer is a frame or an error.
 *
 * @param boundRoom the room of a room socket, which fills in `room_id` and wins over one in the frame
 */
export function parseFrame(raw: string, boundRoom: number | undefined): ParsedFrame {
  const value = parseObject(raw);
  if (value === undefined)
    return refuse(undefined, new AppError('invalid_frame', { detail: 'A frame is one JSON object.' }));

  const { ref: givenRef } = value;
  const type = value.type ?? 'message';
  const ref = typeof givenRef === 'string' && isRef(givenRef) ? givenRef : undefined;
  if (givenRef !== undefined && givenRef !== null && ref === undefined) {
    return refuse(
      undefined,
      wrong({ field: 'ref', message: `ref must be text of at most ${REF_MAX} characters` }),
    );
  }
  const known = typeof type === 'string' ? checks.get(type) : undefined;
  if (known === undefined) return refuse(ref, new AppError('unknown_type'));

  if (boundRoom !== undefined && known.type !== 'ping') value.room_id = boundRoom;
  const wrongField = known.check(value);
  if (wrongField) return refuse(ref, wrong(wrongField));
  return { ok: true, ref, type: known.type, frame: value as unknown as AnyClientFrame };
}

function parseObject(raw: string): Record<string, unknown> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value as Record<string, unknown>;
}

/** Counts code points, as the published schema does; a `ref` of 64 emoji is within the limit. */
function isRef(ref: string): boolean {
  return ref.length <= REF_MAX * 2 && ref.isWellFormed() && [...ref].length <= REF_MAX;
}

function wrong(field: WrongField): AppError {
  return new AppError('invalid_frame', { detail: `${field.message}.`, errors: [field] });
}

function refuse(ref: string | undefined, error: AppError): ParsedFrame {
  return { ok: false, ref, error };
}
