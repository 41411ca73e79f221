/**
 * What uneven rooms do to several nodes: `node scripts/skew.mjs [--sockets 1000000] [--rooms 100000]`.
 *
 * The room of rank r has a size in proportion to 1 / r (Zipf): a few huge ones, many of one or two. Each socket is put on a
 * node by chance, as a load balancer does that knows nothing of rooms. How often a room is spoken in is in proportion to the
 * root of its size. The seed is fixed, so the same numbers come out each time. docs/scaling.md has the table.
 */
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { sockets: { type: 'string', default: '1000000' }, rooms: { type: 'string', default: '100000' } },
});
const SOCKETS = Number(values.sockets);
const ROOMS = Number(values.rooms);
const NODES = [1, 2, 5, 10, 20, 50, 100];
/** Rooms up to this size are on one node in the last columns: the load balancer would choose by the room. */
const SMALL = 100;

/** mulberry32 (Tommy Ettinger): from 0, without 1. */
const randomFrom = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
};

const harmonic = Array.from({ length: ROOMS }, (_, index) => 1 / (index + 1)).reduce(
  (sum, part) => sum + part,
  0,
);
const sizes = Array.from({ length: ROOMS }, (_, index) =>
  Math.max(1, Math.round(SOCKETS / harmonic / (index + 1))),
);
const total = sizes.reduce((sum, size) => sum + Math.sqrt(size), 0);
const shares = sizes.map((size) => Math.sqrt(size) / total);

/** For one message on average: frames to sockets, envelopes from Redis, and how uneven the frames of nodes are. */
const spread = (nodes, isTogether) => {
  const random = randomFrom(42);
  const frames = new Float64Array(nodes);
  let envelopes = 0;
  let channels = 0;
  for (const [room, size] of sizes.entries()) {
    const share = shares[room];
    const seen = new Set();
    const only = isTogether(size) ? Math.floor(random() * nodes) : undefined;
    for (let socket = 0; socket < size; socket += 1) {
      const node = only ?? Math.floor(random() * nodes);
      seen.add(node);
      frames[node] += share;
    }
    envelopes += share * seen.size;
    channels += seen.size;
  }
  const delivered = frames.reduce((sum, count) => sum + count, 0);
  return {
    delivered,
    envelopes,
    channels: channels / nodes,
    busiest: (Math.max(...frames) * nodes) / delivered,
  };
};

console.log(
  `${SOCKETS} sockets in ${ROOMS} rooms; the largest has ${sizes[0]}, the middle one ${sizes[ROOMS >> 1]}`,
);
console.log(
  '| nodes | frames | envelopes | envelopes per 100 frames | channels of a node | busiest | envelopes, small rooms together |',
);
console.log('| --- | --- | --- | --- | --- | --- | --- |');
for (const nodes of NODES) {
  const { delivered, envelopes, channels, busiest } = spread(nodes, () => false);
  const together = spread(nodes, (size) => size <= SMALL);
  const cells = [
    nodes,
    delivered.toFixed(1),
    envelopes.toFixed(2),
    ((100 * envelopes) / delivered).toFixed(1),
  ];
  cells.push(Math.round(channels), busiest.toFixed(2), together.envelopes.toFixed(2));
  console.log(`| ${cells.join(' | ')} |`);
}
