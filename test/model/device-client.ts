import type { Connection } from '../../src/connections/connection.js';
import type { ServerFrame, StoredMessage } from '../support/frames.js';
import type { SocketClient } from '../support/socket-client.js';
import { until } from '../support/until.js';
import { messageLine, personOf, type DeviceId, type Line } from './action.js';
import type { Name, RoomName } from './steps.js';

/** Who is behind the ids of the server. */
export interface Directory {
  person(id: number, username: string): Name;
  room(id: number): RoomName;
}

/** One socket of a device, from its greeting on. */
export class DeviceClient {
  private read = 0;
  /** Rooms of which the last page of history is still to come. */
  private readonly turning = new Set<number>();

  constructor(
    readonly device: DeviceId,
    readonly client: SocketClient,
    /** The server's side of it. Nothing if that was gone before it could be looked up. */
    readonly connection: Connection | undefined,
    private readonly directory: Directory,
    private readonly seen: Map<string, number>,
  ) {}

  /** Resolves when the server has let go of the socket, and of its seat. */
  async gone(): Promise<void> {
    await this.client.closed();
    await this.connection?.whenClosed();
    await this.connection?.frames.idle();
  }

  /** Resolves when a subscription that has begun is live, or has ended. */
  async caughtUp(roomId: number): Promise<void> {
    const settle = () => this.client.settled().catch((error: unknown) => this.failIfOpen(error));
    const isSettled = () => !this.client.isOpen || !this.awaitsHistory(roomId);
    await until(settle, isSettled).catch((error: unknown) => this.failIfOpen(error));
  }

  /** Whether the socket is still open once all that it was sent has arrived. */
  async settled(): Promise<boolean> {
    await this.client.settled().catch((error: unknown) => this.failIfOpen(error));
    return this.client.isOpen;
  }

  /** What arrived since the last time. */
  takeLines(): Line[] {
    const fresh = this.client.inbox.slice(this.read);
    this.read += fresh.length;
    return fresh.flatMap((frame) => this.linesOf(frame));
  }

  private async failIfOpen(error: unknown): Promise<void> {
    if (this.client.isOpen) throw error;
    await this.client.closed();
  }

  private awaitsHistory(roomId: number): boolean {
    const ofRoom = this.client.inbox.filter((frame) => 'room_id' in frame && frame.room_id === roomId);
    const begun = ofRoom.findLastIndex((frame) => frame.type === 'room_joined');
    const done = ofRoom.findLastIndex(
      (frame) => (frame.type === 'message_history' && !frame.has_more) || frame.type === 'room_left',
    );
    return done <= begun;
  }

  private linesOf(frame: ServerFrame): Line[] {
    switch (frame.type) {
      case 'connection_established':
        return [this.line(undefined, `connection_established ${this.who(frame)}`)];
      case 'message':
        return [this.lineOfMessage(frame.room_id, frame)];
      case 'message_history': {
        const isFirst = !this.turning.has(frame.room_id);
        if (frame.has_more) this.turning.add(frame.room_id);
        else this.turning.delete(frame.room_id);
        this.see(frame.room_id, 0);
        const lines = frame.messages.map((message) => this.lineOfMessage(frame.room_id, message));
        return isFirst ? [this.line(frame.room_id, `history up to ${frame.head_seq}`), ...lines] : lines;
      }
      case 'user_joined':
      case 'user_left':
      case 'user_disconnected':
        return [this.line(frame.room_id, `${frame.type} ${this.who(frame)}`)];
      case 'role_changed':
        return [this.line(frame.room_id, `role_changed ${this.who(frame)}: ${frame.role}`)];
      case 'muted':
      case 'mute_lifted':
        return [this.line(frame.room_id, frame.type)];
      case 'user_typing':
        // When the end of typing is told depends on the clock; that is not compared here.
        return frame.expires_in === 0 ? [] : [this.line(frame.room_id, `user_typing ${this.who(frame)}`)];
      case 'room_joined':
        this.turning.delete(frame.room_id);
        return [this.line(frame.room_id, `room_joined at ${frame.head_seq}`)];
      case 'room_left':
        return [this.line(frame.room_id, `room_left: ${frame.reason}`)];
      case 'error':
        return frame.ref === undefined ? [this.lineOfError(frame)] : [];
      case 'ack':
      case 'pong':
        return [];
      case 'echo':
      case 'token_expiring':
        return [this.line(undefined, frame.type)];
    }
  }

  private lineOfMessage(roomId: number, { seq, user_id, username, content, ...rest }: StoredMessage): Line {
    this.see(roomId, seq);
    const who = this.directory.person(user_id, username);
    const clientMsgId = rest.client_msg_id ?? undefined;
    // An id on somebody else's message would be a leak, so it is shown whoever reads.
    const reader = clientMsgId === undefined ? personOf(this.device) : who;
    return this.line(roomId, messageLine({ seq, who, text: content, clientMsgId }, reader));
  }

  private lineOfError({ code, room_id, after_seq, head_seq }: ServerFrame & { type: 'error' }): Line {
    if (code !== 'gap' || room_id === undefined) return this.line(undefined, `error ${code}`);
    this.seen.delete(this.keyOf(room_id));
    return this.line(room_id, `gap after ${after_seq ?? '?'} at ${head_seq ?? '?'}`);
  }

  private see(roomId: number, seq: number): void {
    const key = this.keyOf(roomId);
    this.seen.set(key, Math.max(seq, this.seen.get(key) ?? 0));
  }

  private keyOf(roomId: number): string {
    return `${this.device} ${this.directory.room(roomId)}`;
  }

  private who({ user_id, username }: { user_id: number; username: string }): Name {
    return this.directory.person(user_id, username);
  }

  private line(roomId: number | undefined, text: string): Line {
    return { room: roomId === undefined ? '' : this.directory.room(roomId), text };
  }
}
