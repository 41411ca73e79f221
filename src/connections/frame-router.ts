import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { StorageHealth } from '../database/storage-health.js';
import { AppError } from '../errors/app-error.js';
import type { ClientFrameType } from '../protocol/client-frames.js';
import { CLOSE } from '../protocol/close-codes.js';
import { errorFrame } from '../protocol/encode-frame.js';
import { parseFrame, type ParsedFrame } from '../protocol/frame-parser.js';
import type { AckFrame, ErrorFrame } from '../protocol/server-frames.js';
import type { Connection, UserConnection } from './connection.js';
import type { FrameJob } from './frame-queue.js';
import { GatewayExplorer, type HandlerTable } from './gateway-explorer.js';
import type { Handled } from './on-frame.decorator.js';

/** Frames that may wait for their commit together with the next of their kind. */
const PIPELINED: ReadonlySet<ClientFrameType> = new Set(['message']);

/**
 * Brings each text that a client sends to the one gateway method that handles it, in order, and answers.
 *
 * It stands in for Nest's own dispatch, which runs the frames of one socket concurrently, drops what it
 * cannot read without an answer, and would bind every handler to every client.
 */
@Injectable()
export class FrameRouter implements OnApplicationBootstrap {
  private readonly logger = new Logger('Frames');
  private handlers: HandlerTable = { frames: new Map(), texts: new Map(), bytes: new Map() };

  constructor(
    private readonly gateways: GatewayExplorer,
    private readonly storage: StorageHealth,
  ) {}

  onApplicationBootstrap(): void {
    this.handlers = this.gateways.explore();
  }

  /** Takes one message from a socket. Answers it, now or when its turn comes; never throws. */
  receive(connection: Connection, bytes: Buffer, isBinary: boolean): void {
    connection.lastActiveAt = Date.now();
    const withinBudget = connection.frameBudget.take(performance.now());
    if (!connection.hasUser()) return this.receiveFromAnyone(connection, bytes, isBinary, withinBudget);
    if (isBinary) return connection.close(CLOSE.unsupportedData);

    const parsed = parseFrame(bytes.toString(), connection.boundRoom);
    if (!withinBudget) return this.refuse(connection, parsed.ref);
    connection.frames.push(new ReceivedFrame(connection, parsed, bytes.length, this));
  }

  /** Pings count as frames do. One too many gets no answer: their number is the flood. */
  receivePing(connection: Connection, payload: Buffer): void {
    const now = performance.now();
    if (connection.frameBudget.take(now)) connection.pong(payload);
    else if (!connection.refusalBudget.take(now)) connection.close(CLOSE.flooding);
  }

  /** A pong that nobody asked for is allowed (RFC 6455, 5.5.3), at the rate of frames. */
  receiveUnasked(connection: Connection): void {
    const now = performance.now();
    if (connection.frameBudget.take(now) || connection.refusalBudget.take(now)) return;
    connection.close(CLOSE.flooding);
  }

  private receiveFromAnyone(
    connection: Connection,
    bytes: Buffer,
    isBinary: boolean,
    withinBudget: boolean,
  ): void {
    const path = connection.admission.endpoint.gatewayPath;
    const handleBytes = this.handlers.bytes.get(path);
    if (isBinary && !handleBytes) return connection.close(CLOSE.unsupportedData);
    if (!withinBudget) return this.refuse(connection, undefined);
    if (!handleBytes) return this.handlers.texts.get(path)?.(connection, bytes.toString());
    // In the queue, so that whoever does not read what comes back is not read any further either.
    connection.frames.push({
      size: bytes.length,
      pipelined: true,
      handle: () => handleBytes(connection, bytes, isBinary),
      answer: () => undefined,
    });
  }

  /** A refusal never waits in the queue, so that flooding does not make it grow. */
  private refuse(connection: Connection, ref: string | undefined): void {
    if (!connection.refusalBudget.take(performance.now())) return connection.close(CLOSE.flooding);
    const retryAfter = connection.frameBudget.secondsToWait();
    connection.send(errorFrame(new AppError('rate_limited', { retryAfter }), ref));
  }

  /** Calls the gateway method that the frame is for. */
  dispatch(connection: UserConnection, parsed: ParsedFrame): Handled | Promise<Handled> {
    if (!parsed.ok) throw parsed.error;
    return this.handlers.frames.get(parsed.type)?.(connection, parsed.frame);
  }

  /** What a failed frame means to its client. */
  asError(thrown: unknown): unknown {
    const error = this.storage.translate(thrown);
    if (!(error instanceof AppError)) this.logger.error(error);
    return error;
  }
}

/** One frame on its way through the queue of its socket. */
class ReceivedFrame implements FrameJob {
  private reply: AckFrame | ErrorFrame | undefined;

  constructor(
    private readonly connection: UserConnection,
    private readonly parsed: ParsedFrame,
    readonly size: number,
    private readonly router: FrameRouter,
  ) {}

  get pipelined(): boolean {
    return this.parsed.ok && PIPELINED.has(this.parsed.type);
  }

  async handle(): Promise<void> {
    const { ref } = this.parsed;
    try {
      const facts = await this.router.dispatch(this.connection, this.parsed);
      if (ref !== undefined) this.reply = { type: 'ack', ref, ...facts };
    } catch (thrown) {
      this.reply = errorFrame(this.router.asError(thrown), ref);
    }
  }

  answer(): void {
    if (!this.reply) return;
    this.connection.send(this.reply);
    if (this.reply.type === 'error' && !this.reply.retryable) this.connection.wentWrong(performance.now());
  }
}
