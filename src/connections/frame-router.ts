import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { GATEWAY_OPTIONS } from '@nestjs/websockets/constants.js';
import { AppError } from '../errors/app-error.js';
import { CLIENT_FRAMES, type ClientFrameType } from '../protocol/client-frames.js';
import { CLOSE } from '../protocol/close-codes.js';
import { errorFrame } from '../protocol/encode-frame.js';
import { parseFrame, type ParsedFrame } from '../protocol/frame-parser.js';
import type { AckFrame } from '../protocol/server-frames.js';
import type { Connection, UserConnection } from './connection.js';
import { FRAME_TYPE, READS_TEXT, type Handled, type TextHandler } from './on-frame.decorator.js';

type AnyFrameHandler = (connection: UserConnection, frame: object) => Handled | Promise<Handled>;

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
  private readonly frameHandlers = new Map<ClientFrameType, AnyFrameHandler>();
  private readonly textHandlers = new Map<string, TextHandler>();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  onApplicationBootstrap(): void {
    for (const { instance, metatype } of this.discovery.getProviders()) {
      const options: unknown = metatype ? Reflect.getMetadata(GATEWAY_OPTIONS, metatype) : undefined;
      if (hasPath(options)) this.addGateway(instance as object, options.path);
    }
    for (const type of Object.keys(CLIENT_FRAMES) as ClientFrameType[]) {
      if (!this.frameHandlers.has(type)) throw new Error(`No gateway handles the client frame "${type}".`);
    }
  }

  /** Takes one text from a socket. Answers it, now or when its turn comes; never throws. */
  receive(connection: Connection, text: string): void {
    connection.lastActiveAt = Date.now();
    const withinBudget = connection.frameBudget.take(connection.lastActiveAt);
    if (!connection.hasUser()) return this.receiveText(connection, text, withinBudget);

    const parsed = parseFrame(text, connection.boundRoom);
    if (!withinBudget) return this.refuse(connection, parsed.ref);
    connection.frames.push({
      pipelined: parsed.ok && PIPELINED.has(parsed.type),
      run: () => this.handle(connection, parsed),
    });
  }

  private receiveText(connection: Connection, text: string, withinBudget: boolean): void {
    if (!withinBudget) return this.refuse(connection, undefined);
    this.textHandlers.get(connection.admission.endpoint.gatewayPath)?.(connection, text);
  }

  /** A refusal never waits in the queue, so that flooding does not make it grow. */
  private refuse(connection: Connection, ref: string | undefined): void {
    if (!connection.refusalBudget.take(connection.lastActiveAt)) return connection.close(CLOSE.flooding);
    const retryAfter = connection.frameBudget.secondsToWait();
    connection.send(errorFrame(new AppError('rate_limited', { retryAfter }), ref));
  }

  private async handle(connection: UserConnection, parsed: ParsedFrame): Promise<() => void> {
    try {
      if (!parsed.ok) throw parsed.error;
      const facts = await this.frameHandlers.get(parsed.type)?.(connection, parsed.frame);
      const { ref } = parsed;
      if (ref === undefined) return () => undefined;
      const ack: AckFrame = { type: 'ack', ref, ...facts };
      return () => connection.send(ack);
    } catch (error) {
      if (!(error instanceof AppError)) this.logger.error(error);
      return () => connection.send(errorFrame(error, parsed.ref));
    }
  }

  private addGateway(gateway: object, path: string): void {
    const prototype: unknown = Reflect.getPrototypeOf(gateway);
    if (typeof prototype !== 'object' || prototype === null) return;
    for (const name of this.scanner.getAllMethodNames(prototype)) {
      const method: unknown = Reflect.get(prototype, name);
      if (typeof method !== 'function') continue;
      const type = Reflect.getMetadata(FRAME_TYPE, method) as ClientFrameType | undefined;
      if (type) this.addFrameHandler(type, method.bind(gateway) as AnyFrameHandler);
      if (Reflect.hasMetadata(READS_TEXT, method))
        this.textHandlers.set(path, method.bind(gateway) as TextHandler);
    }
  }

  private addFrameHandler(type: ClientFrameType, handler: AnyFrameHandler): void {
    if (this.frameHandlers.has(type)) throw new Error(`Two gateways handle the client frame "${type}".`);
    this.frameHandlers.set(type, handler);
  }
}

function hasPath(options: unknown): options is { path: string } {
  return typeof options === 'object' && options !== null && 'path' in options;
}
