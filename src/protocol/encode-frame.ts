import { AppError } from '../errors/app-error.js';
import { CATALOGUE } from '../errors/catalogue.js';
import type { ErrorFrame, PongFrame, ServerFrame } from './server-frames.js';

/**
 * A frame as the bytes that travel: one message of a server (RFC 6455, 5.2), its header included. Encoded
 * once, handed to every subscriber; several of them joined are bytes that may travel as well.
 */
export type EncodedFrame = Buffer;

/** FIN, no extension, and the opcode (RFC 6455, 5.2 and 5.6). What a server sends is not masked (5.1). */
const WHOLE_TEXT = 0x81;
const WHOLE_BINARY = 0x82;
const LENGTH_IN_2_BYTES = 126;
const LENGTH_IN_8_BYTES = 127;

export function encodeFrame(frame: ServerFrame): EncodedFrame {
  return encodeText(JSON.stringify(frame));
}

export function encodeText(text: string): EncodedFrame {
  const length = Buffer.byteLength(text);
  const bytes = withHeader(WHOLE_TEXT, length);
  bytes.write(text, bytes.length - length, 'utf8');
  return bytes;
}

/** A message as it came from a client. The bytes are copied. */
export function encodeBytes(payload: Buffer, isBinary: boolean): EncodedFrame {
  const bytes = withHeader(isBinary ? WHOLE_BINARY : WHOLE_TEXT, payload.length);
  payload.copy(bytes, bytes.length - payload.length);
  return bytes;
}

/** Room for a frame, with its header written and its payload not. */
function withHeader(first: number, length: number): Buffer {
  const header = length < LENGTH_IN_2_BYTES ? 2 : length < 0x1_0000 ? 4 : 10;
  const bytes = Buffer.allocUnsafe(header + length);
  bytes[0] = first;
  if (header === 2) {
    bytes[1] = length;
  } else if (header === 4) {
    bytes[1] = LENGTH_IN_2_BYTES;
    bytes.writeUInt16BE(length, 2);
  } else {
    bytes[1] = LENGTH_IN_8_BYTES;
    bytes.writeBigUInt64BE(BigInt(length), 2);
  }
  return bytes;
}

export function pong(): PongFrame {
  return { type: 'pong', timestamp: new Date().toISOString() };
}

/** The `error` frame for whatever a handler threw. Unknown errors say nothing of what happened inside. */
export function errorFrame(error: unknown, ref: string | undefined): ErrorFrame {
  const known = error instanceof AppError ? error : new AppError('internal');
  const { retryAfter } = known;
  const { facts } = known.details;
  return {
    type: 'error',
    content: known.message,
    code: known.code,
    ...(ref === undefined ? {} : { ref }),
    retryable: CATALOGUE[known.code].retryable,
    ...(retryAfter === undefined ? {} : { retry_after: retryAfter }),
    ...facts,
  };
}
