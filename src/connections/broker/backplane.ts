import type { Settings } from '../../config/settings.js';
import type { LiveNodes } from '../nodes/live-nodes.js';
import { MemoryPresence } from '../presence/memory-presence.js';
import type { Presence } from '../presence/presence.js';
import { RedisPresence } from '../presence/redis-presence.js';
import type { Broker } from './broker.js';
import { MemoryBroker } from './memory-broker.js';
import { RedisBroker } from './redis-broker.js';
import { RedisLink } from './redis-link.js';

/** What connects this node with the others. */
export class Backplane {
  constructor(
    readonly broker: Broker,
    readonly presence: Presence,
  ) {}
}

/** The one place that knows both kinds. */
export function backplaneOf({ redis }: Settings, nodes: LiveNodes): Backplane {
  if (!redis) return new Backplane(new MemoryBroker(), new MemoryPresence());
  const link = new RedisLink(redis.url);
  return new Backplane(new RedisBroker(link, redis.prefix), new RedisPresence(link, redis.prefix, nodes));
}
