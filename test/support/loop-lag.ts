import { monitorEventLoopDelay } from 'node:perf_hooks';

const NS_PER_MS = 1e6;
/** How often the timer that is watched is due, in milliseconds: its lag is no lag of the loop. */
const RESOLUTION = 5;

/**
 * For how long the event loop of this process was held up at once while something went on, in milliseconds. The best of
 * a few times: what the work itself costs is there each time, what others on the machine cost is not.
 */
export async function longestHoldUp(work: () => Promise<unknown>, times = 5): Promise<number> {
  const holdUps: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
    delay.enable();
    await work();
    // The last hold-up is counted by the tick after it.
    const { count } = delay;
    while (delay.count === count) await new Promise(setImmediate);
    delay.disable();
    holdUps.push(delay.max / NS_PER_MS - RESOLUTION);
  }
  return Math.min(...holdUps);
}
