import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { Mailbox } from './mailbox.js';

const PATIENCE_MS = 8_000;

interface RawFrame {
  opcode: number;
  payload: Buffer;
}

/** A client that may break every rule of RFC 6455, because it writes the bytes itself. */
export class RawSocket {
  private readonly frames = new Mailbox<RawFrame>();
  private received = Buffer.alloc(0);
  private isUpgraded = false;
  private everything = '';

  private constructor(readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => this.frames.end('the connection was closed'));
    socket.on('data', (chunk) => this.receive(chunk));
  }

  static open(url: string): Promise<RawSocket> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      socket.once('error', reject);
      socket.once('connect', () => resolve(new RawSocket(socket)));
    });
  }

  write(...parts: (string | Buffer)[]): void {
    this.socket.write(Buffer.concat(parts.map((part) => Buffer.from(part))));
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
    this.everything += chunk.toString('latin1');
    this.received = Buffer.concat([this.received, chunk]);
    if (!this.isUpgraded) {
      const end = this.received.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.isUpgraded = true;
      this.received = this.received.subarray(end + 4);
    }
    for (let frame = this.takeFrame(); frame; frame = this.takeFrame()) this.frames.put(frame);
  }

  /** Frames of a server are not masked; those met in tests are shorter than 64 KB. */
  private takeFrame(): RawFrame | undefined {
    const [first, second] = this.received;
    if (first === undefined || second === undefined) return undefined;
    const isLong = second === 126;
    if (isLong && this.received.length < 4) return undefined;
    const start = isLong ? 4 : 2;
    const length = isLong ? this.received.readUInt16BE(2) : second;
    if (this.received.length < start + length) return undefined;
    const payload = this.received.subarray(start, start + length);
    this.received = this.received.subarray(start + length);
    return { opcode: first & 0x0f, payload };
  }
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

export const OPCODE = { continuation: 0, text: 1, close: 8, ping: 9, pong: 10 } as const;
const FIN = 0x80;

/** A client's frame. `first` is its first byte: FIN, reserved bits and opcode. */
export function rawFrame(first: number, payload: string | Buffer, isMasked = true): Buffer {
  const data = Buffer.from(payload);
  const bit = isMasked ? 0x80 : 0;
  const length =
    data.length < 126
      ? Buffer.from([bit | data.length])
      : Buffer.from([bit | 126, data.length >> 8, data.length & 0xff]);
  const mask = Buffer.from([1, 2, 3, 4]);
  if (!isMasked) return Buffer.concat([Buffer.from([first]), length, data]);
  const masked = data.map((byte, index) => byte ^ ((index % 4) + 1));
  return Buffer.concat([Buffer.from([first]), length, mask, masked]);
}

/** A whole, correct text frame. */
export function textFrame(text: string): Buffer {
  return rawFrame(FIN | OPCODE.text, text);
}
