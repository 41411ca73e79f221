import type { ClientFrameOf, ClientFrameType } from '../protocol/client-frames.js';
import type { AckFacts } from '../protocol/server-frames.js';
import type { Connection, UserConnection } from './connection.js';

/** What a gateway method may give back: the facts of the `ack`. */
export type Handled = AckFacts | void;

export type FrameHandler<T extends ClientFrameType> = (
  connection: UserConnection,
  frame: ClientFrameOf<T>,
) => Handled | Promise<Handled>;

export type TextHandler = (connection: Connection, text: string) => void;

/** Resolves once the next message may be read. Never rejects. */
export type BytesHandler = (connection: Connection, bytes: Buffer, isBinary: boolean) => Promise<void>;

/** Which methods were declared to handle what. By function, because that is what a decorator is given. */
const frameMethods = new WeakMap<object, ClientFrameType>();
const textMethods = new WeakSet();
const bytesMethods = new WeakSet();

/** Handles one type of client frame on `/ws/auth` and on room sockets. A wrong signature does not compile. */
export function OnFrame<T extends ClientFrameType>(type: T) {
  return <M extends FrameHandler<T>>(
    _target: object,
    _name: string,
    method: TypedPropertyDescriptor<M>,
  ): void => {
    if (method.value) frameMethods.set(method.value, type);
  };
}

/** Handles every text of an endpoint that does not need a token. */
export function OnText() {
  return <M extends TextHandler>(
    _target: object,
    _name: string,
    method: TypedPropertyDescriptor<M>,
  ): void => {
    if (method.value) textMethods.add(method.value);
  };
}

/** Handles every message of an endpoint as it came, text or binary. */
export function OnBytes() {
  return <M extends BytesHandler>(
    _target: object,
    _name: string,
    method: TypedPropertyDescriptor<M>,
  ): void => {
    if (method.value) bytesMethods.add(method.value);
  };
}

/** The type of frame that a method was declared to handle. */
export function frameTypeOf(method: object): ClientFrameType | undefined {
  return frameMethods.get(method);
}

export function readsText(method: object): boolean {
  return textMethods.has(method);
}

export function readsBytes(method: object): boolean {
  return bytesMethods.has(method);
}
