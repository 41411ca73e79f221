import type { EncodedFrame } from '../../protocol/encode-frame.js';
import type { Topic } from '../topics.js';

/** What the broker carries between nodes: frames for subscribers, and commands for the registry. */
export type Envelope = FrameEnvelope | DropEnvelope | DisconnectEnvelope;

/** A frame for everyone who listens to the topic. */
export interface FrameEnvelope {
  readonly kind: 'frame';
  readonly topic: Topic;
  readonly frame: EncodedFrame;
  /** Place in the log of the topic. Frames without one are not in any log and are not brought back. */
  readonly seq?: number;
  /** What the author's own sockets get instead. */
  readonly own?: { readonly userId: number; readonly frame: EncodedFrame };
  /** A user whose sockets do not get it. */
  readonly exceptUser?: number;
  /** May be dropped for a socket that reads too slowly. */
  readonly ephemeral?: boolean;
}

/** A user listens to `from` no longer: the membership behind it has ended. */
export interface DropEnvelope {
  readonly kind: 'drop';
  readonly topic: Topic;
  readonly userId: number;
  readonly from: Topic;
  /** Told to sockets that stay open. Those bound to the topic are closed. */
  readonly farewell: EncodedFrame;
}

/** A session of the user has ended: its sockets close. */
interface DisconnectEnvelope {
  readonly kind: 'disconnect';
  readonly topic: Topic;
  readonly userId: number;
  readonly sessionId: string;
}
