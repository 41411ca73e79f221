import type { Topic } from '../topics.js';

/** Who listens, as much as others are told of it. */
export interface Listener {
  readonly id: number;
  readonly username: string;
}

export type OnVanished = (user: Listener, topic: Topic) => void;

/** Who listens to which topic on which node. */
export abstract class Presence {
  /** The first socket of the user on this node listens to the topic. */
  abstract came(user: Listener, topic: Topic): void;

  /**
   * The last socket of the user on this node listens no more.
   *
   * @returns whether there is none on any other node either, at once where that is known
   */
  abstract went(user: Listener, topic: Topic): boolean | Promise<boolean>;

  /** Names who is told of users whose last socket was on a node that has gone. */
  abstract onVanished(callback: OnVanished): void;
}
