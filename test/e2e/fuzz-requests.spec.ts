/**
 * Requests made from the API document, right, nearly right and hostile: each answer is one that the document promises, in
 * its status, its code and every field of its body. The server lives, nobody else notices, and nothing is left behind.
 *
 * `PARLOR_FUZZ_RUNS` is the number of inputs, `PARLOR_SEED` the seed that an earlier run has printed.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConnectionRegistry } from '../../src/connections/connection-registry.js';
import { footprint, prototypeKeys, type Footprint } from '../fuzz/footprint.js';
import { Innocents } from '../fuzz/innocents.js';
import { announce, TIME_LIMIT } from '../fuzz/plan.js';
import { RequestAttacks } from '../fuzz/request-attacks.js';
import { ServedDocument, type Operation } from '../fuzz/served-document.parser.js';
import { runServer } from '../support/test-server.js';
import { until } from '../support/until.js';

// What survives a loss of power is tested elsewhere.
const server = runServer({ DURABILITY: 'normal' });
/** Bytes that the heap may have grown by in the end. Measured: 2 to 4 MB, for 6,000 inputs as for 30,000. */
const MAY_GROW = 8 * 1024 * 1024;
/** Of all inputs, to warm up: what is compiled and cached once is no leak. */
const WARM = 0.1;
const ELSEWHERE = 0.1;

let innocents: Innocents;
let attacks: RequestAttacks;
let operations: Operation[];
let before: Footprint;
const prototypes = prototypeKeys();

async function attackAll(share: number): Promise<void> {
  for (const operation of operations) {
    await attacks.at(operation, share / operations.length);
    await innocents.expectAnswered();
  }
}

beforeAll(async () => {
  announce('Requests');
  innocents = await Innocents.on(server);
  const document = await ServedDocument.of(server);
  operations = document.operations;
  attacks = new RequestAttacks(server, document, await server.operator('admin'));
  await attackAll(WARM);
  attacks.close();
  await innocents.expectAnswered();
  before = await footprint();
}, TIME_LIMIT);
afterAll(() => attacks.close());

describe('Requests of any kind', () => {
  it(
    'are answered as the document promises',
    async () => {
      expect(operations.length).toBeGreaterThan(15);
      await attackAll(1 - WARM - ELSEWHERE);
    },
    TIME_LIMIT,
  );

  it(
    'to anywhere are answered with a problem, if with nothing else',
    async () => {
      await attacks.elsewhere(ELSEWHERE);
      await innocents.expectAnswered();
    },
    TIME_LIMIT,
  );
});

describe('After all of them', () => {
  it('no file and no memory is kept, and no prototype has a key more', async () => {
    expect(server.inside(ConnectionRegistry).size).toBe(2);
    attacks.close();
    const after = await until(footprint, ({ descriptors }) => descriptors <= before.descriptors);
    process.stderr.write(
      `The heap is ${((after.heap - before.heap) / 1024 / 1024).toFixed(1)} MB larger than before; ` +
        `the slowest answer to an innocent took ${innocents.slowest.toFixed(0)} ms.\n`,
    );
    expect(after.heap - before.heap).toBeLessThan(MAY_GROW);
    expect(prototypeKeys()).toEqual(prototypes);
  });
});
