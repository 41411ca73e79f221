// @ts-check
import { compareSync, hashSync } from 'bcrypt';
import { constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';

/**
 * The other end of a HashThread: hashes one password after the other, in a thread of its own.
 *
 * Plain JavaScript, because Node itself loads it, when the sources run as well as when they are compiled.
 */

// Linux has a priority for each thread, elsewhere it is that of the whole process. Whoever waits for a hash waits a
// quarter of a second anyway; whoever waits for a message must not wait for a hash.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

/** @typedef {{ password: string, cost: number } | { password: string, hash: string }} HashTask */

parentPort?.on('message', (/** @type {HashTask} */ task) => {
  parentPort?.postMessage(resultOf(task));
});

/**
 * What goes wrong ends the thread, and whoever asked hears of that.
 *
 * @param {HashTask} task
 */
function resultOf(task) {
  if ('cost' in task) return { hash: hashSync(task.password, task.cost) };
  return { matches: compareSync(task.password, task.hash) };
}
