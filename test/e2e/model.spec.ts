import { beforeAll, describe, it } from '@jest/globals';
import fc from 'fast-check';
import { Life } from '../model/life.js';
import { quietLives, type Step, type Together } from '../model/steps.js';
import { Views } from '../model/views.js';
import { World } from '../model/world.js';
import { runServer } from '../support/test-server.js';

const RUNS = Number(process.env['PARLOR_MODEL_RUNS'] ?? 60);
const SEED = process.env['PARLOR_MODEL_SEED'];
const PATH = process.env['PARLOR_MODEL_PATH'];
const TIME_LIMIT = 240_000;

const server = runServer({ MAX_CONNECTIONS_PER_USER: '3' });
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

function holds(lives: fc.Arbitrary<(Step | Together)[]>, share: number): Promise<void> {
  return fc.assert(fc.asyncProperty(lives, live), {
    numRuns: Math.max(1, Math.round(RUNS * share)),
    unbiased: true,
    interruptAfterTimeLimit: TIME_LIMIT,
    markInterruptAsFailure: true,
    ...(SEED === undefined ? {} : { seed: Number(SEED) }),
    ...(PATH === undefined ? {} : { path: PATH }),
  });
}

describe('The server is the model', () => {
  it(
    'one step after the other',
    async () => {
      await holds(quietLives, 1);
    },
    TIME_LIMIT * 1.2,
  );
});
