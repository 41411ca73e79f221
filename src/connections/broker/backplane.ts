import type { Settings } from '../../config/settings.js';
import type { Broker } from './broker.js';
import { MemoryBroker } from './memory-broker.js';
import { RedisBroker } from './redis-broker.js';

/** What connects this node with the others. The one file that knows both kinds. */
export function backplaneOf({ redis }: Settings): Broker {
  return redis ? new RedisBroker(redis.url, redis.prefix) : new MemoryBroker();
}
