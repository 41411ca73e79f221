import type { AckFrame, ServerFrame, StoredMessage } from '../support/frames.js';
import type { Operation } from './record.js';

/** A message that somebody was told of: from then on it must never be lost. */
export interface Promised {
  /** Index of the operation with which the last byte of it left. */
  readonly index: number;
  readonly id: number;
  readonly seq: number;
  /** Absent in an `ack`. */
  readonly content?: string;
  /** The tests here send the same text as `ref`. */
  readonly clientMsgId?: string;
}

interface Chunk {
  readonly index: number;
  readonly end: number;
}

/** All that left over one socket, and when. */
class Stream {
  private readonly parts: Buffer[] = [];
  private readonly chunks: Chunk[] = [];
  private length = 0;

  add(index: number, bytes: Buffer): void {
    this.length += bytes.length;
    this.parts.push(bytes);
    this.chunks.push({ index, end: this.length });
  }

  /** The newest bytes were refused by the network, but for the first `count`. */
  takeBack(index: number, count: number): void {
    const refused = this.parts.pop();
    this.chunks.pop();
    this.length -= refused?.length ?? 0;
    if (refused && count > 0) this.add(index, refused.subarray(0, count));
  }

  get bytes(): Buffer {
    return Buffer.concat(this.parts);
  }

  /** The operation with which the byte before `end` left. */
  whenLeft(end: number): number {
    const chunk = this.chunks.find((candidate) => candidate.end >= end);
    if (!chunk) throw new RangeError(`Byte ${end} never left.`);
    return chunk.index;
  }
}

/** Every message that a client was told of, by `ack`, `message`, history or REST, in the order of the telling. */
export function promisedIn(operations: readonly Operation[]): Promised[] {
  const streams = new Map<bigint, Stream>();
  const streamOf = (socket: bigint) => {
    const stream = streams.get(socket) ?? new Stream();
    streams.set(socket, stream);
    return stream;
  };
  operations.forEach((operation, index) => {
    if (operation.kind === 'sending') streamOf(operation.socket).add(index, operation.bytes);
    if (operation.kind === 'sent') streamOf(operation.socket).takeBack(index, operation.count);
  });
  return [...streams.values()].flatMap(promisedOver).sort((one, other) => one.index - other.index);
}

function promisedOver(stream: Stream): Promised[] {
  const bytes = stream.bytes;
  const promised: Promised[] = [];
  let offset = 0;
  for (let answer = answerAt(bytes, offset); answer; answer = answerAt(bytes, offset)) {
    offset = answer.end;
    if (answer.status === 101) break;
    if (answer.status < 300) promised.push(...inBody(answer.body, stream.whenLeft(offset)));
  }
  for (let frame = frameAt(bytes, offset); frame; frame = frameAt(bytes, offset)) {
    offset = frame.end;
    if (frame.isText) promised.push(...inFrame(frame.text, stream.whenLeft(offset)));
  }
  return promised;
}

/** RFC 9112; the server names the length of every body. */
function answerAt(bytes: Buffer, start: number): { status: number; body: string; end: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n', start);
  if (headEnd < 0) return undefined;
  const head = bytes.toString('latin1', start, headEnd);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  const bodyStart = headEnd + 4;
  if (bodyStart + length > bytes.length) return undefined;
  return {
    status,
    body: bytes.toString('utf8', bodyStart, bodyStart + length),
    end: bodyStart + length,
  };
}

/** RFC 6455, 5.2; a server does not mask. */
function frameAt(bytes: Buffer, start: number): { isText: boolean; text: string; end: number } | undefined {
  if (start + 2 > bytes.length) return undefined;
  const short = bytes.readUInt8(start + 1);
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const headEnd = start + 2 + lengthBytes;
  if (headEnd > bytes.length) return undefined;
  const length = lengthOf(bytes, start + 2, short);
  if (headEnd + length > bytes.length) return undefined;
  const text = bytes.toString('utf8', headEnd, headEnd + length);
  return { isText: (bytes.readUInt8(start) & 0x0f) === 1, text, end: headEnd + length };
}

function lengthOf(bytes: Buffer, offset: number, short: number): number {
  if (short === 127) return Number(bytes.readBigUInt64BE(offset));
  return short === 126 ? bytes.readUInt16BE(offset) : short;
}

function inFrame(text: string, index: number): Promised[] {
  const frame = JSON.parse(text) as ServerFrame;
  if (frame.type === 'message') return [ofMessage(frame, index)];
  if (frame.type === 'message_history') return frame.messages.map((message) => ofMessage(message, index));
  return frame.type === 'ack' ? ofAck(frame, index) : [];
}

function inBody(body: string, index: number): Promised[] {
  if (body === '' || !/^[[{]/.test(body)) return [];
  const parsed = JSON.parse(body) as Partial<StoredMessage> | Partial<StoredMessage>[];
  return [parsed].flat().flatMap((item) => (isMessage(item) ? [ofMessage(item, index)] : []));
}

function isMessage(item: Partial<StoredMessage>): item is StoredMessage {
  return item.id !== undefined && item.seq !== undefined && item.content !== undefined;
}

function ofMessage({ id, seq, content }: StoredMessage, index: number): Promised {
  return { index, id, seq, content };
}

function ofAck({ id, seq, ref }: AckFrame, index: number): Promised[] {
  return id === undefined || seq === undefined ? [] : [{ index, id, seq, clientMsgId: ref }];
}
