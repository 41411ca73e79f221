import type { Topic } from '../topics.js';
import type { Envelope } from './envelope.js';

export type Receive = (envelope: Envelope) => void;

/**
 * Carries envelopes to every node that listens to their topic, back to the sender's own node too. Envelopes
 * of one topic that one node publishes arrive in that order.
 */
export abstract class Broker {
  /** Names the one receiver of this node. Called once, before anything else. */
  abstract receiveWith(receive: Receive): void;

  /** Resolves when everything published to the topic from here on will arrive. */
  abstract listen(topic: Topic): Promise<void>;

  abstract unlisten(topic: Topic): void;

  abstract publish(envelope: Envelope): void;
}
