import { createHash } from 'node:crypto';
import { FIN, OPCODE, rawFrame, RawSocket, upgradeRequest, type RawFrame } from '../support/raw-socket.js';

/** What a client does on one connection to the raw echo, and all that comes back. */
export interface Case {
  /** The number of the case in Autobahn|Testsuite. */
  readonly id: string;
  readonly what: string;
  /** Written one after the other, each once the one before it has left. */
  readonly writes: readonly Buffer[];
  readonly outcome: Outcome;
}

export interface Outcome {
  /** The frames before the close frame, in the words of {@link seen}. */
  readonly heard: readonly string[];
  /** Of the server's close frame: 1005 is one without a code (RFC 6455, 7.1.5), 1006 none at all. */
  readonly code: number;
}

interface Bits {
  readonly fin?: boolean;
  /** The three reserved bits as a number. */
  readonly rsv?: number;
}

/** A masked frame of a client. */
export function frame(
  opcode: number,
  payload: string | Buffer = '',
  { fin = true, rsv = 0 }: Bits = {},
): Buffer {
  return rawFrame((fin ? FIN : 0) | (rsv << 4) | opcode, payload);
}

export const text = (payload: string | Buffer, bits?: Bits): Buffer => frame(OPCODE.text, payload, bits);
export const more = (payload: string | Buffer, bits?: Bits): Buffer =>
  frame(OPCODE.continuation, payload, bits);
export const ping = (payload: string | Buffer = '', bits?: Bits): Buffer => frame(OPCODE.ping, payload, bits);

export function close(code: number, reason: string | Buffer = ''): Buffer {
  return frame(OPCODE.close, Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]));
}

/** A text message in pieces of so many bytes. */
export function inFragments(payload: Buffer, size: number): Buffer[] {
  return pieces(payload, size).map((piece, index, all) =>
    frame(index === 0 ? OPCODE.text : OPCODE.continuation, piece, { fin: index === all.length - 1 }),
  );
}

/** All frames with one write. */
export const together = (...frames: Buffer[]): Buffer[] => [Buffer.concat(frames)];

/** The bytes of the frames in writes of so many, wherever that cuts them. */
export const inChops = (size: number, ...frames: Buffer[]): Buffer[] => pieces(Buffer.concat(frames), size);

function pieces(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
}

/** A frame in few words: its payload if it is short, else its length and hash. */
export function seen(opcode: number, payload: string | Buffer): string {
  const bytes = Buffer.from(payload);
  const hash = createHash('sha256').update(bytes).digest('base64url');
  return `${opcode} ${bytes.length <= 64 ? JSON.stringify(bytes.toString('latin1')) : `${bytes.length} ${hash}`}`;
}

export const textBack = (payload: string | Buffer): string => seen(OPCODE.text, payload);
export const binaryBack = (payload: string | Buffer): string => seen(OPCODE.binary, payload);
export const pongBack = (payload: string | Buffer): string => seen(OPCODE.pong, payload);

/** A case that keeps to the protocol, and says goodbye at its end. */
export function answered(id: string, what: string, writes: Buffer[], ...heard: string[]): Case {
  return { id, what, writes: [...writes, close(1000)], outcome: { heard, code: 1000 } };
}

/** A case at whose end the server closes, or answers a close frame with this code. */
export function closed(id: string, what: string, code: number, writes: Buffer[], ...heard: string[]): Case {
  return { id, what, writes, outcome: { heard, code } };
}

export async function opened(url: string): Promise<RawSocket> {
  const socket = await RawSocket.open(url);
  socket.write(upgradeRequest('/ws/conformance'));
  await socket.upgraded();
  return socket;
}

/** Does it, and tells what came back until the server ended the connection. */
export async function perform(url: string, writes: readonly Buffer[]): Promise<Outcome> {
  const socket = await opened(url);
  for (const bytes of writes) await socket.writeOut(bytes);
  const frames = await socket.untilClosed();
  const last = frames.at(-1);
  const isClose = last?.opcode === OPCODE.close;
  return {
    heard: frames.slice(0, isClose ? -1 : undefined).map(({ opcode, payload }) => seen(opcode, payload)),
    code: isClose ? codeOf(last) : 1006,
  };
}

function codeOf({ payload }: RawFrame): number {
  return payload.length < 2 ? 1005 : payload.readUInt16BE(0);
}
