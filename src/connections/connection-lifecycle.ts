import { Injectable, Logger } from '@nestjs/common';
import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { Settings } from '../config/settings.js';
import { StorageHealth } from '../database/storage-health.js';
import { iso } from '../database/columns.js';
import { CLOSE } from '../protocol/close-codes.js';
import { AppError } from '../errors/app-error.js';
import { errorFrame } from '../protocol/encode-frame.js';
import { RECONNECT_MAX_MS, RECONNECT_MIN_MS } from '../protocol/limits.js';
import type { ConnectionEstablishedFrame } from '../protocol/server-frames.js';
import { CatchUpService } from './catch-up.service.js';
import { Connection, type UserConnection } from './connection.js';
import { ConnectionRecorder } from './connection-recorder.js';
import { ConnectionRegistry } from './connection-registry.js';
import { discardSome } from './discard.js';
import { FrameRouter } from './frame-router.js';
import { Handshake, type Decision } from './handshake.js';
import { Heartbeat } from './heartbeat.js';
import { Seats } from './seats.js';
import { TokenExpiry } from './token-expiry.js';
import { WriteTurns } from './write-turns.js';

/** Opens, keeps and closes connections: everything that begins or ends with a socket is here. */
@Injectable()
export class ConnectionLifecycle {
  private readonly logger = new Logger('Connections');

  constructor(
    private readonly settings: Settings,
    private readonly handshake: Handshake,
    private readonly registry: ConnectionRegistry,
    private readonly seats: Seats,
    private readonly router: FrameRouter,
    private readonly heartbeat: Heartbeat,
    private readonly recorder: ConnectionRecorder,
    private readonly catchUps: CatchUpService,
    private readonly storage: StorageHealth,
    private readonly turns: WriteTurns,
    private readonly expiry: TokenExpiry,
  ) {}

  /** Takes over a socket that has just been upgraded, and the stream below it. */
  open(socket: WebSocket, wire: Duplex, { admission, seat }: Decision): void {
    const connection = new Connection(socket, wire, this.turns, admission, this.settings.limits);
    this.registry.add(connection);
    this.heartbeat.watch(connection);
    this.recorder.opened(connection);
    this.expiry.watch(connection);

    socket.on('message', (data: RawData, isBinary: boolean) => {
      if (connection.isOpen) this.router.receive(connection, bytesOf(data), isBinary);
    });
    socket.on('ping', (payload: Buffer) => this.router.receivePing(connection, payload));
    socket.on('pong', () => {
      if (!connection.awaitsPong) this.router.receiveUnasked(connection);
      connection.awaitsPong = false;
      connection.wasExcused = false;
      connection.isActive = true;
    });
    socket.on('error', (error) => {
      this.logger.debug(`${connection.id}: ${error.message}`);
      connection.failed(error);
      discardSome(wire);
    });
    socket.once('close', (code, reason) => {
      this.expiry.forget(connection);
      this.heartbeat.forget(connection);
      this.registry.remove(connection);
      // Until then the end of the session has to reach what is still to be handled.
      void connection.frames.idle().then(() => this.seats.release(seat));
      this.recorder.closed(connection, connection.closedBy ?? { code, reason: reason.toString() });
    });

    // The end of the session may have come after the decision, and before the registry knew of the socket.
    if (seat.revoked) connection.close(CLOSE.sessionEnded);
    if (connection.hasUser()) this.greet(connection);
  }

  /** The first frame; then, on a room socket, the room itself, before any frame of the client is handled. */
  private greet(connection: UserConnection): void {
    connection.sendNow(this.established(connection));
    const { boundRoom, admission } = connection;
    if (boundRoom === undefined) return;
    connection.frames.push({
      pipelined: false,
      size: 0,
      handle: () =>
        this.handshake.roomEntrance
          .enter(connection, boundRoom, admission.cursor)
          .catch((error: unknown) => this.failToEnter(connection, error)),
      answer: () => undefined,
    });
  }

  private failToEnter(connection: Connection, thrown: unknown): void {
    const error = this.storage.translate(thrown);
    if (!(error instanceof AppError)) this.logger.error(error);
    connection.send(errorFrame(error, undefined));
    connection.close(error instanceof AppError && !error.retryable ? CLOSE.notAllowed : CLOSE.internal);
  }

  private established({ user, id }: UserConnection): ConnectionEstablishedFrame {
    const { limits, heartbeat } = this.settings;
    return {
      type: 'connection_established',
      user_id: user.id,
      username: user.username,
      client_id: id,
      heartbeat_interval_ms: heartbeat.interval,
      heartbeat_timeout_ms: heartbeat.timeout,
      token_expires_at: iso(user.expiresAt),
      resumable: true,
      epoch: this.catchUps.epoch,
      reconnect_min_ms: RECONNECT_MIN_MS,
      reconnect_max_ms: RECONNECT_MAX_MS,
      limits: {
        frame_bytes: limits.frameBytes,
        message_length: limits.messageLength,
        frames_per_second: limits.frames.perSecond,
        messages_per_second: limits.messages.perSecond,
        waiting_bytes: limits.waitingBytes,
      },
    };
  }
}

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
