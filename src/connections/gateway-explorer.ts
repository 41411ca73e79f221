import { Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { GATEWAY_OPTIONS } from '@nestjs/websockets/constants.js';
import { CLIENT_FRAME_TYPES, type ClientFrameType } from '../protocol/client-frames.js';
import type { UserConnection } from './connection.js';
import {
  frameTypeOf,
  readsBytes,
  readsText,
  type BytesHandler,
  type Handled,
  type TextHandler,
} from './on-frame.decorator.js';

/** A handler whose frame has been checked by the parser, so that its own type no longer matters. */
type AnyFrameHandler = (connection: UserConnection, frame: object) => Handled | Promise<Handled>;

export interface HandlerTable {
  readonly frames: Map<ClientFrameType, AnyFrameHandler>;
  /** By the path of the gateway. */
  readonly texts: Map<string, TextHandler>;
  /** By the path of the gateway. */
  readonly bytes: Map<string, BytesHandler>;
}

/** Finds what the gateways of all modules handle: one table, made once. */
@Injectable()
export class GatewayExplorer {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  /** @throws Error when a client frame has no handler, or two */
  explore(): HandlerTable {
    const table: HandlerTable = { frames: new Map(), texts: new Map(), bytes: new Map() };
    for (const { instance, metatype } of this.discovery.getProviders()) {
      const options: unknown = metatype ? Reflect.getMetadata(GATEWAY_OPTIONS, metatype) : undefined;
      if (hasPath(options) && isObject(instance)) this.add(table, instance, options.path);
    }
    for (const type of CLIENT_FRAME_TYPES) {
      if (!table.frames.has(type)) throw new Error(`No gateway handles the client frame "${type}".`);
    }
    return table;
  }

  private add(table: HandlerTable, gateway: object, path: string): void {
    for (const name of this.scanner.getAllMethodNames(Reflect.getPrototypeOf(gateway))) {
      const method: unknown = Reflect.get(gateway, name);
      if (!isMethod(method)) continue;
      const type = frameTypeOf(method);
      if (type !== undefined) {
        if (table.frames.has(type)) throw new Error(`Two gateways handle the client frame "${type}".`);
        table.frames.set(type, (connection, frame) => method.call(gateway, connection, frame));
      }
      if (readsText(method)) {
        table.texts.set(path, (connection, text) => void method.call(gateway, connection, text));
      }
      if (readsBytes(method)) {
        table.bytes.set(path, async (connection, bytes, isBinary) => {
          await method.call(gateway, connection, bytes, isBinary);
        });
      }
    }
  }
}

type Method = (
  this: object,
  connection: object,
  input: object | string,
  isBinary?: boolean,
) => Handled | Promise<Handled>;

function isMethod(value: unknown): value is Method {
  return typeof value === 'function';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function hasPath(options: unknown): options is { path: string } {
  return isObject(options) && 'path' in options && typeof options.path === 'string';
}
