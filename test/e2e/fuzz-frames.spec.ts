/**
 * Whatever arrives on a socket: each frame is answered as the protocol says, or the socket is closed with a code that is
 * known. The server lives, nobody else notices, and nothing is left behind.
 *
 * `PARLOR_FUZZ_RUNS` is the number of inputs, `PARLOR_SEED` the seed that an earlier run has printed.
 */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ConnectionRegistry } from '../../src/connections/connection-registry.js';
import { footprint, prototypeKeys, type Footprint } from '../fuzz/footprint.js';
import { FrameAttacks } from '../fuzz/frame-attacks.js';
import { Innocents } from '../fuzz/innocents.js';
import { announce, TIME_LIMIT } from '../fuzz/plan.js';
import { ServedDocument } from '../fuzz/served-document.parser.js';
import { runServer, type Person } from '../support/test-server.js';
import { until } from '../support/until.js';

// What survives a loss of power is tested elsewhere. A catch-up may wait for a reader that shares our one thread.
const server = runServer({ DURABILITY: 'normal', MAX_WAITING_BYTES: '100000000' });
/** Bytes that the heap may have grown by in the end. Measured: 2 to 4 MB, for 6,000 inputs as for 30,000. */
const MAY_GROW = 8 * 1024 * 1024;
/** The sockets of the innocents. */
const SOCKETS = 2;
/** Of all inputs, to warm up: what is compiled and cached once is no leak. */
const WARM = 0.02;

let innocents: Innocents;
let attacks: FrameAttacks;
let operator: Person;
let before: Footprint;
const prototypes = prototypeKeys();

beforeAll(async () => {
  announce('Frames');
  operator = await server.operator();
  innocents = await Innocents.on(server);
  const document = await ServedDocument.of(server);
  attacks = new FrameAttacks(server, await server.person('mallory'), document, innocents);
  await attacks.texts('/ws/auth', WARM);
  await attacks.texts('/ws/room/{id}', WARM);
  await attacks.publicTexts(WARM);
  await attacks.bytes(WARM);
  await attacks.handshakes(WARM);
  await closed();
  before = await footprint();
}, TIME_LIMIT);

/** Waits until nobody is connected but the innocents, and gives what operators see then. */
function closed(): Promise<{ body: { total_connections: number } }> {
  return until(
    () => server.rest.get<{ total_connections: number }>('/api/connections', operator),
    ({ body }) => body.total_connections === SOCKETS,
  );
}

describe('Frames of any kind', () => {
  it.each(['/ws/auth', '/ws/room/{id}'])(
    'are each answered as they should be on %s',
    async (path) => {
      await attacks.texts(path, 0.35);
      await innocents.expectAnswered();
    },
    TIME_LIMIT,
  );

  it(
    'come back from the public endpoints as they were',
    async () => {
      await attacks.publicTexts(0.1);
      await attacks.echoTexts(0.05);
      await innocents.expectAnswered();
    },
    TIME_LIMIT,
  );

  it(
    'that are none end in a close that is known',
    async () => {
      await attacks.bytes(0.08);
      await attacks.refusedBytes(0.02);
      await innocents.expectAnswered();
    },
    TIME_LIMIT,
  );
});

describe('Handshakes of any kind', () => {
  it(
    'open a socket or say what is wrong with them',
    async () => {
      await attacks.handshakes(0.05);
      await innocents.expectAnswered();
    },
    TIME_LIMIT,
  );
});

describe('After all of them', () => {
  it('no socket, no file and no memory is kept, and no prototype has a key more', async () => {
    expect((await closed()).body).toMatchObject({ total_connections: SOCKETS });
    expect(server.inside(ConnectionRegistry).size).toBe(SOCKETS);
    const after = await until(footprint, ({ descriptors }) => descriptors <= before.descriptors);
    process.stderr.write(
      `The heap is ${((after.heap - before.heap) / 1024 / 1024).toFixed(1)} MB larger than before; ` +
        `the slowest answer to an innocent took ${innocents.slowest.toFixed(0)} ms.\n`,
    );
    expect(after.heap - before.heap).toBeLessThan(MAY_GROW);
    expect(prototypeKeys()).toEqual(prototypes);
  });
});
