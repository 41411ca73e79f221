import type { Topic } from '../topics.js';
import type { Envelope, QuestionEnvelope } from './envelope.js';

export type Receive = (envelope: Envelope) => void;

/**
 * Carries envelopes to every node that listens to their topic, back to the sender's own node too. Envelopes
 * of one topic that one node publishes arrive in that order, and entries in the order of their log.
 *
 * A broker may lose envelopes, and then says so. What is in a log is read from there; commands repeat what the database
 * says already.
 */
export abstract class Broker {
  private readonly losses: (() => void)[] = [];
  private holeFiller: (topic: Topic, after: number) => Promise<void> = () => Promise.resolve();

  /** Whether everything that other nodes publish arrives here now. */
  abstract get isWhole(): boolean;

  /** Names the one receiver of this node. Called once, before anything else. */
  abstract receiveWith(receive: Receive): void;

  /** Resolves when everything published to the topic from here on will arrive, unless it is lost. */
  abstract listen(topic: Topic): Promise<void>;

  abstract unlisten(topic: Topic): void;

  abstract publish(envelope: Envelope): void;

  /** Publishes to the other nodes, and not to this one. Resolves to how many of them got it; never fails. */
  abstract askOthers(question: QuestionEnvelope): Promise<number>;

  /** Takes what was read from the database as if it had arrived: for this node alone. */
  abstract offer(envelope: Envelope): void;

  abstract close(): Promise<void>;

  /** Names who reads what may have been lost. */
  onLoss(callback: () => void): void {
    this.losses.push(callback);
  }

  /** Names who reads the entries of a log after a place, when one of them has not come, and offers them. */
  fillHolesThrough(filler: (topic: Topic, after: number) => Promise<void>): void {
    this.holeFiller = filler;
  }

  protected mayHaveLost(): void {
    for (const callback of this.losses) callback();
  }

  protected fillHole(topic: Topic, after: number): Promise<void> {
    return this.holeFiller(topic, after);
  }
}
