import { Logger, type INestApplicationContext } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { SecurityLog } from '../audit/security-log.js';
import { Settings } from '../config/settings.js';
import { StorageHealth } from '../database/storage-health.js';
import { AppError } from '../errors/app-error.js';
import { originOf } from '../identity/client-origin.js';
import { ConnectionLifecycle } from './connection-lifecycle.js';
import { Drain } from './drain.js';
import { Handshake, type Decision } from './handshake.js';
import { refuseUpgrade } from './refuse-upgrade.js';
import { Seats } from './seats.js';

/** Milliseconds a client has to answer our close frame. */
const CLOSE_TIMEOUT = 3_000;
/** Milliseconds between two looks for HTTP connections that keep a shutdown waiting. */
const IDLE_SWEEP = 50;
/** Pieces of one message. ws allows 16,384, which lets a hundred strangers fill the memory. */
const MAX_FRAGMENTS = 64;
/** TCP segments of one message that is not whole yet. */
const MAX_CHUNKS = 8_192;

/**
 * Nest's WebSocket adapter for ws, with the two things replaced that it cannot do for us: the upgrade, which
 * {@link Handshake} decides, and the dispatch of frames, which {@link FrameRouter} does.
 */
export class ParlorWsAdapter extends WsAdapter {
  private readonly log = new Logger('Upgrade');
  private readonly servers = new Map<string, WebSocketServer>();
  private readonly settings: Settings;
  private readonly handshake: Handshake;
  private readonly lifecycle: ConnectionLifecycle;
  private readonly drain: Drain;
  private readonly seats: Seats;
  private readonly storage: StorageHealth;
  private readonly security: SecurityLog;
  private upgrades: Server | undefined;
  private readonly onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    void this.upgrade(request, socket, head);
  };

  constructor(app: INestApplicationContext) {
    super(app);
    this.settings = app.get(Settings);
    this.handshake = app.get(Handshake);
    this.lifecycle = app.get(ConnectionLifecycle);
    this.drain = app.get(Drain);
    this.seats = app.get(Seats);
    this.storage = app.get(StorageHealth);
    this.security = app.get(SecurityLog);
  }

  /** Nest calls this once for each path that a gateway is declared on. */
  override create(port: number, options: { path?: string } = {}): WebSocketServer {
    const server: unknown = super.create(port, {
      ...options,
      clientTracking: false,
      // No subprotocol is spoken here; ws would claim the first that a client offers.
      handleProtocols: () => false,
      closeTimeout: CLOSE_TIMEOUT,
      maxPayload: this.settings.limits.frameBytes,
      maxFragments: MAX_FRAGMENTS,
      maxBufferedChunks: MAX_CHUNKS,
      perMessageDeflate: false,
      // They count as frames, so the frame router answers them.
      autoPong: false,
    });
    if (!(server instanceof WebSocketServer)) throw new TypeError('Nest made no WebSocket server.');
    this.servers.set(options.path ?? '', server);
    return server;
  }

  /** Nest would bind each handler of each gateway to each client here. The frame router needs no binding. */
  override bindClientConnect(): void {}

  override bindMessageHandlers(): void {}

  /** The sockets are closed all together, in {@link dispose}. */
  override async close(): Promise<void> {}

  override async dispose(): Promise<void> {
    await this.drain.run();
    // Upgrades are heard, and refused, as long as anything is: without a listener they would be plain requests.
    this.cutHttpAtDeadline();
    await super.dispose();
  }

  /** Requests under way may finish. A connection that sends none, or half of one, keeps nobody from ending. */
  private cutHttpAtDeadline(): void {
    const server = this.upgrades;
    if (!server) return;
    server.closeIdleConnections();
    // A request that is being answered leaves its connection idle behind.
    const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP).unref();
    setTimeout(() => server.closeAllConnections(), this.settings.shutdownTimeout / 4).unref();
    server.once('close', () => clearInterval(sweep));
  }

  protected override ensureHttpServerExists(port: number, httpServer?: Server): Server | undefined {
    if (httpServer && !this.upgrades) {
      this.upgrades = httpServer;
      httpServer.on('upgrade', this.onUpgrade);
    }
    this.httpServersRegistry.set(port, httpServer);
    return httpServer;
  }

  private async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // Before the first await: a reset while we ask the database would end the process.
    const onError = (error: Error): void => this.log.debug(error.message);
    socket.on('error', onError);
    try {
      const decision = await this.decideInTime(request);
      socket.off('error', onError);
      this.hand(decision, request, socket, head);
    } catch (thrown) {
      const error = this.storage.translate(thrown);
      if (!(error instanceof AppError)) this.log.error(error);
      const refusal = error instanceof AppError ? error : new AppError('internal');
      const origin = originOf(request, this.settings.trustProxy);
      this.security.tell('handshake_refused', origin, { code: refusal.code });
      refuseUpgrade(socket, refusal, origin.requestId);
    }
  }

  /** A decision that comes too late is not used, and gives its seat back. */
  private decideInTime(request: IncomingMessage): Promise<Decision> {
    return new Promise((resolve, reject) => {
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        reject(new AppError('storage_unavailable'));
      }, this.settings.timeouts.handshake);
      this.handshake
        .decide(request)
        .then((decision) => (isLate ? this.seats.release(decision.seat) : resolve(decision)), reject)
        .finally(() => clearTimeout(timer));
    });
  }

  /** ws refuses what is no WebSocket handshake by itself, and then nobody sits on the seat. */
  private hand(decision: Decision, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    let opened = false;
    // The answer to the handshake and the greeting leave with one write.
    socket.cork();
    try {
      this.servers
        .get(decision.admission.endpoint.gatewayPath)
        ?.handleUpgrade(request, socket, head, (client) => {
          opened = true;
          this.lifecycle.open(client, socket, decision);
        });
    } finally {
      socket.uncork();
      if (!opened) this.seats.release(decision.seat);
    }
  }
}
