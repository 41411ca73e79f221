import type { EncodedFrame } from '../../protocol/encode-frame.js';
import type { Topic } from '../topics.js';

/** What the broker carries between nodes: frames for subscribers, commands for the registry, and what nodes ask each other. */
export type Envelope =
  FrameEnvelope | EntriesEnvelope | DropEnvelope | SilenceEnvelope | DisconnectEnvelope | NodeTalk;

/** What nodes ask and tell each other, for none of their sockets. */
export type NodeTalk = QuestionEnvelope | AnswerEnvelope | SpendingEnvelope | BeatEnvelope;

/** A frame for everyone who listens to the topic. It is in no log and is not brought back. */
export interface FrameEnvelope {
  readonly kind: 'frame';
  readonly topic: Topic;
  readonly frame: EncodedFrame;
  /** A user whose sockets do not get it. */
  readonly exceptUser?: number;
  /** May be dropped for a socket that reads too slowly. */
  readonly ephemeral?: boolean;
}

/** What one commit has added to the log of the topic: entries that follow each other without a hole. */
export interface EntriesEnvelope {
  readonly kind: 'entries';
  readonly topic: Topic;
  readonly entries: readonly Entry[];
  /** The frames of all entries, one after the other: what whoever gets no copy of their own is sent at once. */
  readonly joined: EncodedFrame;
}

/** One place in a log. */
export interface Entry {
  readonly seq: number;
  readonly frame: EncodedFrame;
  /** What the author's own sockets get instead. */
  readonly own?: { readonly userId: number; readonly frame: EncodedFrame };
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

/** A user may go on listening to `where`, but not speak there. */
export interface SilenceEnvelope {
  readonly kind: 'silence';
  readonly topic: Topic;
  readonly userId: number;
  readonly where: Topic;
  /** In milliseconds since the epoch; 0 when they may speak again, Infinity when there is no end yet. */
  readonly until: number;
  /** Told to the sockets that listen. */
  readonly notice: EncodedFrame;
}

/** Sessions of the user have ended: their sockets close. They are named, so that no newer one is meant. */
interface DisconnectEnvelope {
  readonly kind: 'disconnect';
  readonly topic: Topic;
  readonly userId: number;
  readonly sessionIds: readonly string[];
}

/** A node asks the others something. */
export interface QuestionEnvelope {
  readonly kind: 'question';
  readonly topic: Topic;
  /** Stands in the answers. */
  readonly id: string;
  readonly answerTo: Topic;
  readonly body: Buffer;
}

interface AnswerEnvelope {
  readonly kind: 'answer';
  readonly topic: Topic;
  readonly id: string;
  readonly body: Buffer;
}

/** What users have taken from a budget on one node since it said so the last time. */
export interface SpendingEnvelope {
  readonly kind: 'spending';
  readonly topic: Topic;
  /** The node that says so. */
  readonly node: string;
  readonly budget: string;
  /** User and tokens. */
  readonly spent: readonly (readonly [userId: number, tokens: number])[];
}

/** A node lives, and can be heard. */
export interface BeatEnvelope {
  readonly kind: 'beat';
  readonly topic: Topic;
  readonly node: string;
  /** Another text since something that it said may have been lost. */
  readonly state: string;
}

/** @param entries at least one, each the next of the one before */
export function entriesEnvelope(topic: Topic, entries: readonly Entry[]): EntriesEnvelope {
  const frames = entries.map(({ frame }) => frame);
  const [first] = frames;
  const joined = frames.length === 1 && first ? first : Buffer.concat(frames);
  return { kind: 'entries', topic, entries, joined };
}
