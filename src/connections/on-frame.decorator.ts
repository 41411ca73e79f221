import type { ClientFrameOf, ClientFrameType } from '../protocol/client-frames.js';
import type { AckFacts } from '../protocol/server-frames.js';
import type { Connection, UserConnection } from './connection.js';

export const FRAME_TYPE = 'parlor:frame-type';
export const READS_TEXT = 'parlor:reads-text';

/** What a gateway method may give back: the facts of the `ack`. */
export type Handled = AckFacts | void;

export type FrameHandler<T extends ClientFrameType> = (
  connection: UserConnection,
  frame: ClientFrameOf<T>,
) => Handled | Promise<Handled>;

export type TextHandler = (connection: Connection, text: string) => void;

/** Handles one type of client frame on `/ws/auth` and on room sockets. A wrong signature does not compile. */
export function OnFrame<T extends ClientFrameType>(type: T) {
  return <M extends FrameHandler<T>>(
    _target: object,
    _name: string,
    method: TypedPropertyDescriptor<M>,
  ): void => {
    if (method.value) Reflect.defineMetadata(FRAME_TYPE, type, method.value);
  };
}

/** Handles every text of an endpoint that does not need a token. */
export function OnText() {
  return <M extends TextHandler>(
    _target: object,
    _name: string,
    method: TypedPropertyDescriptor<M>,
  ): void => {
    if (method.value) Reflect.defineMetadata(READS_TEXT, true, method.value);
  };
}
