import type { WebSocket } from 'ws';

/**
 * Whether a message has begun to arrive and is not whole: in the middle of a frame, or between two pieces.
 *
 * ws does not say so, but its receiver knows; looking there costs nothing while messages come, where counting
 * bytes beside it would cost something for each. `test/contract/ws-wire.spec.ts` holds ws to it.
 */
export function isMidMessage(socket: WebSocket): boolean {
  const receiver: unknown = '_receiver' in socket ? socket._receiver : undefined;
  if (typeof receiver !== 'object' || receiver === null) return false;
  return (
    ('_state' in receiver && receiver._state !== 0) ||
    ('_fragmented' in receiver && receiver._fragmented !== 0) ||
    ('_bufferedBytes' in receiver && receiver._bufferedBytes !== 0)
  );
}
