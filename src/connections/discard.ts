import type { Duplex } from 'node:stream';

/**
 * Bytes that are read and thrown away from a socket that is being closed for what it sent. A frame that was a
 * little too large is over by then, and its client reads why it was closed; whoever pours on is not read any more,
 * which costs nothing, and is cut when the time for the closing handshake is over.
 */
const DISCARDED_MAX = 256 * 1024;

/** Call it when ws has given the stream up: nobody parses what comes from it from then on. */
export function discardSome(wire: Duplex): void {
  let discarded = 0;
  wire.on('data', (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > DISCARDED_MAX) wire.pause();
  });
}
