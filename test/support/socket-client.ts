import { WebSocket, type ClientOptions } from 'ws';
import type { AckFrame, ErrorFrame, ServerFrame, ServerFrames } from './frames.js';
import { Mailbox } from './mailbox.js';

/** Long enough for a busy machine, short enough to notice. */
const PATIENCE_MS = 8_000;

export interface Closing {
  code: number;
  reason: string;
}

/** A real socket with a mailbox. Frames are kept as parsed JSON; what is no JSON is kept as text. */
export class SocketClient {
  private readonly frames = new Mailbox<ServerFrame>();
  private readonly texts = new Mailbox<string>();
  private readonly ending: Promise<Closing>;
  private lastRef = 0;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data, isBinary) => {
      if (!isBinary && Buffer.isBuffer(data)) this.receive(data.toString());
    });
    // A reset by the server is followed by `close`, which tells what a test wants to know.
    socket.on('error', () => undefined);
    this.ending = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        this.frames.end(`the socket was closed with ${code}`);
        this.texts.end(`the socket was closed with ${code}`);
        resolve({ code, reason: reason.toString() });
      });
    });
  }

  /** Resolves once the upgrade is done; rejects with the status when it is refused. */
  static open(url: string, options: ClientOptions = {}): Promise<SocketClient> {
    const client = new SocketClient(new WebSocket(url, options));
    return new Promise((resolve, reject) => {
      client.socket.once('open', () => resolve(client));
      client.socket.once('error', reject);
    });
  }

  /** Every frame so far, read or not. */
  get inbox(): readonly ServerFrame[] {
    return this.frames.everything;
  }

  send(frame: object): void {
    this.socket.send(JSON.stringify(frame));
  }

  sendText(text: string): void {
    this.socket.send(text);
  }

  /** The next unread frame of this type. */
  async next<T extends keyof ServerFrames>(type: T): Promise<ServerFrames[T]> {
    const frame = await this.frames.take((candidate) => isA(candidate, type), `a ${type} frame`, PATIENCE_MS);
    if (!isA(frame, type)) throw new TypeError(`took a ${frame.type} for a ${type}`);
    return frame;
  }

  /** A catch-up whole: each of its pages, up to the one that has no more behind it. */
  async wholeHistory(): Promise<ServerFrames['message_history'][]> {
    const page = await this.next('message_history');
    return page.has_more ? [page, ...(await this.wholeHistory())] : [page];
  }

  nextText(): Promise<string> {
    return this.texts.take(() => true, 'a text', PATIENCE_MS);
  }

  /** All frames of this type so far, read or not. */
  all<T extends keyof ServerFrames>(type: T): ServerFrames[T][] {
    return this.inbox.filter((frame) => isA(frame, type));
  }

  /** Marks everything as read, and gives what was not. */
  unread(): ServerFrame[] {
    return this.frames.takeAll();
  }

  /** Sends with a `ref` of its own, and gives the answer to it. */
  async ask(frame: object): Promise<AckFrame | ErrorFrame> {
    const ref = `ask-${++this.lastRef}`;
    this.send({ ...frame, ref });
    return this.answerTo(ref);
  }

  async answerTo(ref: string): Promise<AckFrame | ErrorFrame> {
    const isAnswer = (frame: ServerFrame) =>
      (frame.type === 'ack' || frame.type === 'error') && frame.ref === ref;
    const answer = await this.frames.take(isAnswer, `the answer to ref ${ref}`, PATIENCE_MS);
    if (answer.type !== 'ack' && answer.type !== 'error')
      throw new TypeError(`took a ${answer.type} for an answer`);
    return answer;
  }

  /** Posts a message and gives its place; fails when it was refused. */
  async say(content: string, further: object = {}): Promise<{ id: number; seq: number }> {
    const answer = await this.ask({ type: 'message', content, ...further });
    if (answer.type === 'error' || answer.id === undefined || answer.seq === undefined) {
      throw new Error(`Not posted: ${JSON.stringify(answer)}`);
    }
    return { id: answer.id, seq: answer.seq };
  }

  /**
   * Frames of one socket are handled in order, so a ping's answer proves that all before it is answered and
   * that whatever is absent by then was not sent.
   */
  async settled(): Promise<void> {
    const answer = await this.ask({ type: 'ping' });
    if (answer.type === 'error') throw new Error(`No ping went through: ${JSON.stringify(answer)}`);
    await this.next('pong');
  }

  /** How the socket ended, once it has. */
  async closed(): Promise<Closing> {
    let timer: NodeJS.Timeout | undefined;
    const impatience = new Promise<never>((_, reject) => {
      const report = () =>
        reject(new Error(`Still open. Arrived so far: ${JSON.stringify(this.inbox.slice(-20))}`));
      timer = setTimeout(report, PATIENCE_MS);
    });
    return Promise.race([this.ending, impatience]).finally(() => clearTimeout(timer));
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  close(): Promise<Closing> {
    this.socket.close();
    return this.closed();
  }

  /** Dies without a word, as a phone in a tunnel does. */
  terminate(): void {
    this.socket.terminate();
  }

  private receive(text: string): void {
    this.texts.put(text);
    if (text.startsWith('{')) this.frames.put(JSON.parse(text) as ServerFrame);
  }
}

function isA<T extends keyof ServerFrames>(
  frame: ServerFrame,
  type: T,
): frame is ServerFrames[T] & ServerFrame {
  return frame.type === type;
}
