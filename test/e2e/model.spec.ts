/**
 * Random lives of three people on a real server, beside a model of plain maps. After each step every device
 * has to have received what the model says, and every side of the server has to agree with it.
 *
 * A failure prints the steps, shortened, with the `seed` and `path` that bring them back:
 * `PARLOR_MODEL_SEED=1 PARLOR_MODEL_PATH=2:3 npm test -- test/e2e/model.spec.ts -t 'one step'`.
 * What was really done until then stands under `After:`; a step that follows in the list does not matter. What
 * happens at once may happen in another order the next time.
 * `PARLOR_MODEL_RUNS` is the number of lives, for a night for instance; `PARLOR_MODEL_MINUTES` then has to
 * say how long each test may take.
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ConnectionRegistry } from '../../src/connections/connection-registry.js';
import { Life } from '../model/life.js';
import { busyLives, DEVICES, quietLives, type Step, type Together } from '../model/steps.js';
import { Views } from '../model/views.js';
import { World } from '../model/world.js';
import { runServer } from '../support/test-server.js';

const {
  PARLOR_MODEL_RUNS = '60',
  PARLOR_MODEL_MINUTES = '4',
  PARLOR_MODEL_SEED: seed,
  PARLOR_MODEL_PATH: path,
} = process.env;
const RUNS = Number(PARLOR_MODEL_RUNS);
/** Milliseconds for a test, the shortening of a failure included. */
const TIME_LIMIT = Number(PARLOR_MODEL_MINUTES) * 60_000;
const PATIENCE = TIME_LIMIT + 60_000;

// As many sockets as a person has devices: a seat that is not given back is missed soon.
// What survives a loss of power is tested elsewhere.
const server = runServer({ MAX_CONNECTIONS_PER_USER: String(DEVICES.length), DURABILITY: 'normal' });
let views: Views;
beforeAll(async () => {
  views = new Views(server, await server.operator());
});

async function live(steps: (Step | Together)[]): Promise<void> {
  const world = await World.begin(server);
  try {
    await new Life(world, views).live(steps);
  } finally {
    await world.end();
  }
}

/** Fails with the shortest list of steps that it can find for which the server and the model differ. */
function expectAlike(lives: fc.Arbitrary<(Step | Together)[]>, runs: number): Promise<void> {
  return fc.assert(fc.asyncProperty(lives, live), {
    numRuns: Math.max(1, Math.round(runs)),
    unbiased: true,
    interruptAfterTimeLimit: TIME_LIMIT,
    markInterruptAsFailure: true,
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(path === undefined ? {} : { path }),
  });
}

describe('Server and model are alike', () => {
  it(
    'one step after the other',
    async () => {
      await expectAlike(quietLives, RUNS * 0.6);
    },
    PATIENCE,
  );

  it(
    'when several steps are taken at once',
    async () => {
      await expectAlike(busyLives, RUNS * 0.4);
    },
    PATIENCE,
  );

  it('in that nothing is left in the end', () => {
    views.expectNothing();
    expect(server.inside(ConnectionRegistry).size).toBe(0);
  });
});
