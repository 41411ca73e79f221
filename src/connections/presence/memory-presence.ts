import { Presence } from './presence.js';

/** The presence of a single node, which the registry knows by itself. */
export class MemoryPresence extends Presence {
  override came(): void {}

  override went(): boolean {
    return true;
  }

  override onVanished(): void {}
}
