import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { Mailbox } from './mailbox.js';

const PATIENCE_MS = 8_000;

export interface RawFrame {
  opcode: number;
  payload: Buffer;
}

/** A client that may break every rule of RFC 6455, because it writes the bytes itself. */
export class RawSocket {
  private readonly frames = new Mailbox<RawFrame>();
  private onUpgrade: () => void = () => undefined;
  private readonly upgrade = new Promise<void>((resolve) => (this.onUpgrade = resolve));
  private readonly ending: Promise<void>;
  private chunks: Buffer[] = [];
  private length = 0;
  /** Bytes that have to be there before it is worth a look. */
  private needed = 0;
  private isUpgraded = false;
  private everything = '';

  private constructor(readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => this.frames.end('the connection was closed'));
    this.ending = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('data', (chunk) => this.receive(chunk));
  }

  /** @param isRude goes on sending when the server has ended its side */
  static open(url: string, isRude = false): Promise<RawSocket> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: isRude });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new RawSocket(socket)));
    });
  }

  write(...parts: (string | Buffer)[]): void {
    this.socket.write(Buffer.concat(parts.map((part) => Buffer.from(part))));
  }

  /** Resolves when the bytes have left, or cannot any more. */
  async writeOut(bytes: Buffer): Promise<void> {
    await new Promise<void>((resolve) => this.socket.write(bytes, () => resolve()));
  }

  /** Resolves when the server has answered the handshake. */
  upgraded(): Promise<void> {
    return this.upgrade;
  }

  /** Every frame that came, once the server has ended the connection. */
  async untilClosed(): Promise<readonly RawFrame[]> {
    let timer: NodeJS.Timeout | undefined;
    const impatience = new Promise<never>((_, reject) => {
      const came = () => this.frames.everything.map(({ opcode, payload }) => `${opcode}: ${payload.length}`);
      timer = setTimeout(() => reject(new Error(`Still open. Arrived: ${came().join(', ')}`)), PATIENCE_MS);
    });
    await Promise.race([this.ending, impatience]).finally(() => clearTimeout(timer));
    return this.frames.everything;
  }

  async next(): Promise<RawFrame> {
    return this.frames.take(() => true, 'a frame', PATIENCE_MS);
  }

  /** The text frame that contains this. */
  async text(part: string): Promise<string> {
    const isIt = ({ opcode, payload }: RawFrame) => opcode === 1 && payload.includes(part);
    return (await this.frames.take(isIt, `a text with ${part}`, PATIENCE_MS)).payload.toString();
  }

  /** The payloads of all frames of this kind so far, read or not. */
  seen(opcode: number): string[] {
    return this.frames.everything
      .filter((frame) => frame.opcode === opcode)
      .map((frame) => frame.payload.toString());
  }

  /** The code of the server's close frame. */
  async closeCode(): Promise<number> {
    const frame = await this.frames.take(({ opcode }) => opcode === 8, 'a close frame', PATIENCE_MS);
    return frame.payload.readUInt16BE(0);
  }

  /** All that came until the server hung up, as it is: the answer to what was no upgrade. */
  async answer(): Promise<string> {
    await this.closed();
    return this.everything;
  }

  /** Whether it is closed yet, or resolves when it is. */
  closed(): Promise<void> {
    if (this.socket.destroyed) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('The server keeps the connection open.')), PATIENCE_MS);
      this.socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** The codes of all close frames so far: a server sends one at the most. */
  get closeCodes(): number[] {
    const closes = this.frames.everything.filter(({ opcode }) => opcode === OPCODE.close);
    return closes.filter(({ payload }) => payload.length >= 2).map(({ payload }) => payload.readUInt16BE(0));
  }

  private receive(chunk: Buffer): void {
    if (!this.isUpgraded) this.everything += chunk.toString('latin1');
    this.chunks.push(chunk);
    this.length += chunk.length;
    if (this.length < this.needed) return;
    let received: Buffer = Buffer.concat(this.chunks);
    if (!this.isUpgraded) {
      const end = received.indexOf('\r\n\r\n');
      // Anything else is the answer to what was no upgrade, and has no frames behind it.
      if (end >= 0 && this.everything.startsWith('HTTP/1.1 101')) {
        this.isUpgraded = true;
        received = received.subarray(end + 4);
        this.onUpgrade();
      }
    }
    if (this.isUpgraded) received = this.takeFrames(received);
    this.chunks = [received];
    this.length = received.length;
  }

  /** Gives what is left behind the whole frames. */
  private takeFrames(received: Buffer): Buffer {
    let rest = received;
    for (;;) {
      const header = headerOf(rest);
      this.needed = header === undefined ? 0 : header.start + header.length;
      if (header === undefined || rest.length < this.needed) return rest;
      this.frames.put({ opcode: header.opcode, payload: rest.subarray(header.start, this.needed) });
      rest = rest.subarray(this.needed);
    }
  }
}

/**
 * Reads the header of a server's frame, if it is there whole.
 *
 * @throws Error when it is masked, in pieces or of an extension, which no frame of this server is
 */
function headerOf(bytes: Buffer): { opcode: number; start: number; length: number } | undefined {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return undefined;
  if ((first & 0xf0) !== FIN || second > 127)
    throw new Error(`No frame of a server: ${bytes.toString('hex', 0, 2)}`);
  const start = second === 127 ? 10 : second === 126 ? 4 : 2;
  if (bytes.length < start) return undefined;
  const length =
    start === 10 ? Number(bytes.readBigUInt64BE(2)) : start === 4 ? bytes.readUInt16BE(2) : second;
  return { opcode: first & 0x0f, start, length };
}

/** The request that opens a socket. */
export function upgradeRequest(path: string): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    'Host: parlor',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
export const FIN = 0x80;
const MASK = Buffer.from([1, 2, 3, 4]);

/** A client's frame. `first` is its first byte: FIN, reserved bits and opcode. */
export function rawFrame(first: number, payload: string | Buffer, mask: Buffer | false = MASK): Buffer {
  const data = Buffer.from(payload);
  const bit = mask ? 0x80 : 0;
  const header = Buffer.from([first, bit | lengthMark(data.length), ...lengthBytes(data.length)]);
  if (!mask) return Buffer.concat([header, data]);
  for (let index = 0; index < data.length; index += 1) {
    data[index] = (data[index] ?? 0) ^ (mask[index % 4] ?? 0);
  }
  return Buffer.concat([header, mask, data]);
}

function lengthMark(length: number): number {
  return length < 126 ? length : length < 0x1_0000 ? 126 : 127;
}

function lengthBytes(length: number): Buffer {
  if (length < 126) return Buffer.alloc(0);
  if (length < 0x1_0000) return Buffer.from([length >> 8, length & 0xff]);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(length));
  return bytes;
}

/** A whole, correct text frame. */
export function textFrame(text: string): Buffer {
  return rawFrame(FIN | OPCODE.text, text);
}
