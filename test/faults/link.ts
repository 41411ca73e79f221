import { WebSocket, type RawData } from 'ws';
import { fieldsIn, fieldsOf, optionalText, textIn, type Fields } from './fields.js';
import type { Ask, Connection, History } from './history.js';

/** A client that hears nothing for so long asks whether anybody is there, and then gives up. */
const SILENCE_MS = 1_000;
const GIVE_UP_MS = 2_500;
const LOOK_EVERY_MS = 250;
/** The server's own longest wait is its busy timeout of 5 s, and a pause of 3 s before it. */
const ANSWER_WITHIN_MS = 20_000;

/** The outcome of a frame with a `ref`. `gone`: the socket broke first, nobody knows. */
export type Answer =
  | { readonly type: 'ack'; readonly at: number; readonly fields: Fields }
  | { readonly type: 'error'; readonly at: number; readonly fields: Fields }
  | { readonly type: 'gone' };

export interface LinkListener {
  frame(frame: Fields, at: number): void;
}

/** Why a socket did not open. A status is an answer of the server; without one nobody knows. */
export class NotOpened extends Error {
  constructor(
    readonly status: number | undefined,
    readonly code: string,
  ) {
    super(`${status ?? 'no answer'} ${code}`);
  }
}

export interface Closing {
  readonly code: number;
  readonly reason: string;
}

interface Waiter {
  readonly ask: Ask;
  readonly resolve: (answer: Answer) => void;
}

/** One WebSocket: matches answers, watches the silence, and writes down what it asked. */
export class Link {
  readonly closed: Promise<Closing>;
  private readonly waiting = new Map<string, Waiter>();
  private readonly greeting: Promise<void>;
  private greeted: () => void = () => undefined;
  private refs = 0;
  private lastHeard = performance.now();
  private readonly watcher: NodeJS.Timeout;

  private constructor(
    private readonly socket: WebSocket,
    private readonly record: Connection,
    private readonly history: History,
    private readonly listener: LinkListener,
  ) {
    this.greeting = new Promise((resolve) => (this.greeted = resolve));
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        this.end(code);
        resolve({ code, reason: reason.toString() });
      });
    });
    socket.on('error', () => undefined);
    socket.on('message', (data) => this.receive(data));
    socket.on('ping', () => (this.lastHeard = performance.now()));
    this.watcher = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  /**
   * Resolves when the server has greeted.
   *
   * @throws NotOpened
   */
  static async open(
    url: URL,
    as: { readonly token: string; readonly device: string },
    record: Connection,
    history: History,
    listener: LinkListener,
  ): Promise<Link> {
    const headers = { authorization: `Bearer ${as.token}`, 'user-agent': as.device };
    const socket = new WebSocket(url, { headers, perMessageDeflate: false });
    const link = new Link(socket, record, history, listener);
    const refused = new Promise<never>((_, reject) => {
      socket.once('unexpected-response', (_request, response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        const tell = (): void => {
          reject(new NotOpened(response.statusCode, optionalText(fieldsIn(body), 'code') ?? ''));
          socket.terminate();
        };
        response.once('end', tell);
        response.once('error', tell);
      });
    });
    const broken = link.closed.then(({ code }) => {
      throw new NotOpened(undefined, String(code));
    });
    refused.catch(() => undefined);
    broken.catch(() => undefined);
    await Promise.race([link.greeting, refused, broken]);
    return link;
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** Sends a frame with a `ref`. Never rejects. */
  ask(frame: Fields): Promise<Answer> {
    if (!this.isOpen) return Promise.resolve({ type: 'gone' });
    const ref = `r${(this.refs += 1)}`;
    const ask = { what: String(frame.type), at: this.history.now(), answeredAt: undefined };
    this.record.asks.push(ask);
    const answer = new Promise<Answer>((resolve) => this.waiting.set(ref, { ask, resolve }));
    this.socket.send(JSON.stringify({ ...frame, ref }));
    return answer;
  }

  /** Closes as a page does that is left. */
  close(): void {
    this.socket.close(1000);
  }

  /** Breaks without a word. */
  drop(): void {
    this.socket.terminate();
  }

  private receive(data: RawData): void {
    const at = this.history.now();
    this.lastHeard = at;
    try {
      if (!Buffer.isBuffer(data)) throw new Error('no text frame');
      this.dispatch(fieldsOf(JSON.parse(data.toString())), at);
    } catch (error) {
      this.history.fault('malformed', `${this.record.device}: ${String(error)}`);
    }
  }

  private dispatch(frame: Fields, at: number): void {
    const type = textIn(frame, 'type');
    const ref = optionalText(frame, 'ref');
    if (type === 'connection_established') this.greeted();
    if ((type === 'ack' || type === 'error') && ref !== undefined) {
      const waiter = this.waiting.get(ref);
      if (!waiter) throw new Error(`a second answer, or one to nothing: ${JSON.stringify(frame)}`);
      this.waiting.delete(ref);
      waiter.ask.answeredAt = at;
      waiter.resolve({ type, at, fields: frame });
    } else {
      this.listener.frame(frame, at);
    }
  }

  /** A half-open socket never tells: who hears nothing asks, and who gets no answer leaves. */
  private look(): void {
    const now = performance.now();
    const silent = now - this.lastHeard;
    const [oldest] = this.waiting.values();
    if (silent > GIVE_UP_MS || (oldest && now - oldest.ask.at > ANSWER_WITHIN_MS)) this.drop();
    else if (silent > SILENCE_MS && this.isOpen) void this.ask({ type: 'ping' });
  }

  private end(code: number): void {
    clearInterval(this.watcher);
    this.record.closedAt = this.history.now();
    this.record.code = code;
    for (const { resolve } of this.waiting.values()) resolve({ type: 'gone' });
    this.waiting.clear();
  }
}
