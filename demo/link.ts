import { WebSocket, type RawData } from 'ws';
import { answered } from './deadline.js';
import { fieldsOf, textIn, type Fields } from './fields.js';

interface LinkListener {
  /** Every frame that is no answer to a request, with the time of its arrival. */
  frame(frame: Fields, at: number): void;
  /** The connection ended, and {@link Link.drop} was not the reason. */
  lost(error: Error): void;
}

/** The `ref` is added on sending. */
export interface ClientFrame {
  readonly type: string;
  readonly room_id?: number;
  readonly content?: string;
  readonly client_msg_id?: string;
  readonly after_seq?: number;
  readonly epoch?: string;
}

interface Waiter {
  resolve(answer: Fields): void;
  reject(error: Error): void;
}

/** Waits for the greeting; no `ref`, since those are numbers. */
const GREETING = 'connection_established';

/** One socket on `/ws/auth`: gives every frame a `ref` and matches the answers to it. */
export class Link {
  private readonly waiting = new Map<string, Waiter>();
  private readonly closed: Promise<void>;
  private refs = 0;
  private dropping = false;
  private greeted = false;
  private failure: Error | undefined;

  private constructor(
    private readonly socket: WebSocket,
    private readonly listener: LinkListener,
  ) {
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        this.end(new Error(`the socket was closed with code ${code} ${reason.toString()}`.trimEnd()));
        resolve();
      });
    });
    socket.on('error', (error) => {
      this.end(error);
    });
    socket.on('message', (data, isBinary) => {
      this.receive(data, isBinary);
    });
  }

  /** Resolves when the server has greeted the right user. */
  static async open(
    origin: string,
    account: { name: string; token: string },
    listener: LinkListener,
  ): Promise<Link> {
    const socket = new WebSocket(new URL('/ws/auth', origin.replace(/^http/, 'ws')), {
      headers: { authorization: `Bearer ${account.token}` },
      perMessageDeflate: false,
    });
    const link = new Link(socket, listener);
    const greeting = await link.waitFor(GREETING, GREETING);
    if (textIn(greeting, 'username') === account.name) return link;
    await link.drop();
    throw new Error(`greeted as somebody else: ${JSON.stringify(greeting)}`);
  }

  /** Sends a frame and resolves to its `ack`; an `error` or the end of the socket rejects. */
  request(frame: ClientFrame): Promise<Fields> {
    if (this.failure) return Promise.reject(this.failure);
    const ref = String((this.refs += 1));
    const answer = this.waitFor(ref, `answer to ${frame.type}`);
    this.socket.send(JSON.stringify({ ...frame, ref }));
    return answer;
  }

  /** Loses the connection, as a cut cable does: nothing is said, and what was on its way is gone. */
  async drop(): Promise<void> {
    this.dropping = true;
    this.socket.terminate();
    await this.closed;
  }

  private waitFor(key: string, what: string): Promise<Fields> {
    const answer = new Promise<Fields>((resolve, reject) => this.waiting.set(key, { resolve, reject }));
    return answered(what, answer);
  }

  private receive(data: RawData, isBinary: boolean): void {
    const at = performance.now();
    if (this.failure) return;
    try {
      if (isBinary || !Buffer.isBuffer(data)) throw new Error('the server sent a binary frame');
      this.dispatch(fieldsOf(JSON.parse(data.toString('utf8')), 'a server frame'), at);
    } catch (error) {
      this.end(error instanceof Error ? error : new Error(String(error)));
      this.socket.terminate();
    }
  }

  private dispatch(frame: Fields, at: number): void {
    const type = textIn(frame, 'type');
    if (!this.greeted) {
      if (type !== GREETING) throw new Error(`the first frame is "${type}"`);
      this.greeted = true;
      this.answer(GREETING, frame);
    } else if (type === 'ack' || (type === 'error' && 'ref' in frame)) {
      this.answer(textIn(frame, 'ref'), frame);
    } else {
      this.listener.frame(frame, at);
    }
  }

  private answer(key: string, frame: Fields): void {
    const waiter = this.waiting.get(key);
    if (!waiter)
      throw new Error(`an answer that nobody waits for, or a second one: ${JSON.stringify(frame)}`);
    this.waiting.delete(key);
    if (frame.type === 'error') waiter.reject(new Error(`the server answered ${JSON.stringify(frame)}`));
    else waiter.resolve(frame);
  }

  private end(error: Error): void {
    if (this.failure) return;
    this.failure = error;
    for (const waiter of this.waiting.values()) waiter.reject(error);
    this.waiting.clear();
    if (!this.dropping) this.listener.lost(error);
  }
}
