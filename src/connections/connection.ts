import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { AuthenticatedUser } from '../identity/authenticated-user.js';
import type { CloseReason } from '../protocol/close-codes.js';
import { CLOSE } from '../protocol/close-codes.js';
import { encodeBytes, encodeFrame, encodeText, type EncodedFrame } from '../protocol/encode-frame.js';
import type { ServerFrame } from '../protocol/server-frames.js';
import type { Cursor } from './catch-up.js';
import type { ClientOrigin } from '../identity/client-origin.js';
import type { Endpoint } from './endpoints.js';
import { FrameQueue } from './frame-queue.js';
import type { Holder } from './held-frames.js';
import { isMidMessage } from './mid-message.js';
import { Outbox } from './outbox.js';
import { TokenBucket } from './token-bucket.js';
import { roomTopic, type Topic } from './topics.js';
import type { Urgency, WriteTurns } from './write-turns.js';
import type { Limits } from '../config/settings.js';

/** How ws names the faults of a client, and the close code it sends for them (RFC 6455, 7.4.1). */
const CLOSE_CODE_OF: Readonly<Record<string, number>> = {
  WS_ERR_INVALID_UTF8: 1007,
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
  WS_ERR_EXPECTED_FIN: 1002,
  WS_ERR_EXPECTED_MASK: 1002,
  WS_ERR_INVALID_CLOSE_CODE: 1002,
  WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH: 1002,
  WS_ERR_INVALID_OPCODE: 1002,
  WS_ERR_UNEXPECTED_MASK: 1002,
  WS_ERR_UNEXPECTED_RSV_1: 1002,
  WS_ERR_UNEXPECTED_RSV_2_3: 1002,
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
};

let opened = 0;

/** What the handshake found out about a socket before it was opened. */
export interface Admission extends ClientOrigin {
  readonly endpoint: Endpoint;
  /** Nobody on the public endpoints. As of the handshake: {@link Connection.user} may have a newer token. */
  readonly user: AuthenticatedUser | undefined;
  /** Where a room socket wants to resume. */
  readonly cursor: Cursor | undefined;
}

/** How a frame is to be sent. */
export interface Delivery {
  /** May be dropped for a client that reads too slowly. */
  readonly ephemeral?: boolean;
  readonly urgency?: Urgency;
}

/** A connection whose endpoint lets in authenticated users only. */
export type UserConnection = Connection & { readonly user: AuthenticatedUser };

/** One open socket and the user behind it, with everything that is kept per client. */
export class Connection implements Holder {
  readonly id = randomUUID();
  /** Counts the connections of this node in the order in which they opened. */
  readonly number = (opened += 1);
  readonly openedAt = Date.now();
  /** What it listens to. The registry keeps the subscriptions themselves. */
  readonly topics = new Set<Topic>();
  readonly frames: FrameQueue;
  readonly frameBudget: TokenBucket;
  readonly refusalBudget: TokenBucket;
  private wrongFrames: TokenBucket | undefined;
  lastActiveAt = this.openedAt;
  /** False from a missed heartbeat on. */
  isActive = true;
  awaitsPong = false;
  /** It missed a heartbeat while it was held back. */
  wasExcused = false;
  /** Frames that were dropped because the client reads too slowly. */
  droppedFrames = 0;
  /** Bytes of live frames that wait for a catch-up. */
  heldBytes = 0;
  closedBy: CloseReason | undefined;

  private identity: AuthenticatedUser | undefined;
  private turn: Promise<unknown> = Promise.resolve();
  private pageLeaving: Promise<void> = Promise.resolve();
  private readonly outbox: Outbox;

  /** @param wire the stream below the socket: what ws was given to upgrade */
  constructor(
    private readonly socket: WebSocket,
    wire: Duplex,
    turns: WriteTurns,
    readonly admission: Admission,
    private readonly limits: Limits,
  ) {
    this.identity = admission.user;
    this.outbox = new Outbox(socket, wire, turns);
    this.frames = new FrameQueue(socket);
    const now = performance.now();
    this.frameBudget = new TokenBucket(limits.frames, now);
    this.refusalBudget = new TokenBucket(limits.frames, now);
  }

  /** The user behind it, as their newest token says. Always the same one; session, role and end of the token may move. */
  get user(): AuthenticatedUser | undefined {
    return this.identity;
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN && this.closedBy === undefined;
  }

  /** Bytes that have not left the process: they wait for their turn, or for the client to read. */
  get waitingBytes(): number {
    return this.outbox.bytes + this.socket.bufferedAmount;
  }

  /** Bytes of the frames that the client has sent and that are not answered yet. */
  get queuedBytes(): number {
    return this.frames.bytes;
  }

  /** Whether the client has begun a message, and not ended it. */
  get isMidMessage(): boolean {
    return isMidMessage(this.socket);
  }

  /** The room that a room socket is bound to. */
  get boundRoom(): number | undefined {
    return this.admission.endpoint.roomId;
  }

  get boundTopic(): Topic | undefined {
    return this.boundRoom === undefined ? undefined : roomTopic(this.boundRoom);
  }

  hasUser(): this is UserConnection {
    return this.user !== undefined;
  }

  /** Goes on with another token. From here on only the end of that one's session is its end. */
  continueAs(user: AuthenticatedUser): void {
    if (user.id !== this.identity?.id) throw new Error('A socket belongs to one user.');
    this.identity = user;
  }

  send(frame: ServerFrame): void {
    this.deliver(encodeFrame(frame));
  }

  /** Sends a frame at once, instead of with the write of the turn. */
  sendNow(frame: ServerFrame): void {
    this.send(frame);
    this.outbox.flush();
  }

  /**
   * Sends bytes that were encoded before, with the next write of this socket. A client that lets too much wait
   * loses ephemeral frames first; then it is closed with a code that tells it to come back and resume.
   */
  deliver(frame: EncodedFrame, { ephemeral = false, urgency = 'soon' }: Delivery = {}): void {
    if (!this.isOpen) return;
    // What waits for its turn is nobody's fault yet: it is written before the client is judged by it.
    if (this.outbox.bytes > this.limits.waitingBytes) this.outbox.flush();
    const unread = this.socket.bufferedAmount;
    if (ephemeral && unread > this.limits.waitingBytes / 2) {
      this.droppedFrames += 1;
    } else if (unread > this.limits.waitingBytes) {
      this.close(CLOSE.tooSlow);
    } else {
      this.outbox.put(frame, urgency);
    }
  }

  /** Plain text, on endpoints that do not speak frames. It leaves at once: nothing else is sent there. */
  sendText(text: string): void {
    this.deliver(encodeText(text));
    this.outbox.flush();
  }

  /** Sends a message as it came, at once. Resolves when it has left the process, or the socket is closed. */
  sendBytes(payload: Buffer, isBinary: boolean): Promise<void> {
    if (!this.isOpen) return Promise.resolve();
    this.outbox.put(encodeBytes(payload, isBinary), 'soon');
    return new Promise((resolve) => this.outbox.flush(resolve));
  }

  /**
   * Catch-ups take turns on a connection. A turn ends when the page that was sent in it has left the process,
   * so that one page at a time is in memory for a client, in however many rooms it has something to read.
   */
  takeTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(work);
    this.turn = done.then(
      () => this.pageLeaving,
      () => undefined,
    );
    return done;
  }

  /** Sends a page of history, whatever else waits: it was asked for. */
  sendPage(frame: ServerFrame): void {
    if (!this.isOpen) return;
    this.outbox.put(encodeFrame(frame), 'soon');
    this.pageLeaving = new Promise((resolve) => this.outbox.flush(resolve));
  }

  /** Answers a ping, unless the client does not read what it was sent. */
  pong(payload: Buffer): void {
    if (this.isOpen && this.socket.bufferedAmount <= this.limits.waitingBytes / 2) this.socket.pong(payload);
  }

  /** Counts a frame that was refused for what is in it. Few sockets ever have one. */
  wentWrong(now: number): void {
    this.wrongFrames ??= new TokenBucket(this.limits.wrongFrames, now);
    if (!this.wrongFrames.take(now)) this.close(CLOSE.tooManyErrors);
  }

  ping(): void {
    this.awaitsPong = true;
    this.socket.ping();
  }

  /** Frames that still wait are not handled: who is sent away has no more to say. */
  close(reason: CloseReason): void {
    void this.frames.stop();
    if (this.closedBy !== undefined) return;
    this.closedBy = reason;
    this.outbox.flush();
    this.socket.close(reason.code, reason.reason);
  }

  /** The client broke the protocol: ws is closing the socket with the code that says how. */
  failed(error: Error): void {
    const code = 'code' in error && typeof error.code === 'string' ? CLOSE_CODE_OF[error.code] : undefined;
    if (code !== undefined) this.closedBy ??= { code, reason: error.message };
  }

  /** Resolves when the socket has closed, however it did. */
  whenClosed(): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return Promise.resolve();
    return new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  /** Ends the socket without a closing handshake. */
  terminate(): void {
    this.outbox.clear();
    this.socket.terminate();
  }
}
