import { OPCODE } from '../support/raw-socket.js';
import {
  answered,
  binaryBack,
  closed,
  frame,
  inChops,
  inFragments,
  more,
  ping,
  pongBack,
  text,
  textBack,
  together,
  type Case,
} from './case.js';

const HELLO = 'Hello, world!';
const LENGTHS = [0, 125, 126, 127, 128, 65_535, 65_536];
const LONGEST = 65_536;
const PIECES = ['fragment1', 'fragment2', 'fragment3', 'fragment4', 'fragment5'] as const;
const [ONE, TWO, THREE, FOUR, FIVE] = PIECES;

const stars = (length: number): string => '*'.repeat(length);
const bytes = (length: number): Buffer => Buffer.alloc(length, 0xfe);
const binary = (payload: Buffer): Buffer => frame(OPCODE.binary, payload);
const open = { fin: false };

/** Group 1: payloads around the lengths where the header changes. */
const PAYLOADS: Case[] = [
  ...LENGTHS.map((length, index) =>
    answered(`1.1.${index + 1}`, `a text of ${length} bytes`, [text(stars(length))], textBack(stars(length))),
  ),
  answered(
    '1.1.8',
    `a text of ${LONGEST} bytes in chops of 997`,
    inChops(997, text(stars(LONGEST))),
    textBack(stars(LONGEST)),
  ),
  ...LENGTHS.map((length, index) =>
    answered(`1.2.${index + 1}`, `${length} bytes`, [binary(bytes(length))], binaryBack(bytes(length))),
  ),
  answered(
    '1.2.8',
    `${LONGEST} bytes in chops of 997`,
    inChops(997, binary(bytes(LONGEST))),
    binaryBack(bytes(LONGEST)),
  ),
];

const MIXED = Buffer.from([0, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0, 0xff]);
const TEN = Array.from({ length: 10 }, (_, index) => `payload-${index}`);
const UNASKED = frame(OPCODE.pong, 'unsolicited pong payload');

/** Group 2: pings and pongs. */
const PINGS: Case[] = [
  answered('2.1', 'a ping of nothing', [ping()], pongBack('')),
  answered('2.2', 'a ping of text', [ping(HELLO)], pongBack(HELLO)),
  answered('2.3', 'a ping of bytes', [ping(MIXED)], pongBack(MIXED)),
  answered('2.4', 'a ping of 125 bytes', [ping(bytes(125))], pongBack(bytes(125))),
  closed('2.5', 'a ping of 126 bytes', 1002, [ping(bytes(126))]),
  answered('2.6', 'a ping of 125 bytes, byte by byte', inChops(1, ping(bytes(125))), pongBack(bytes(125))),
  answered('2.7', 'an unasked pong of nothing', [frame(OPCODE.pong)]),
  answered('2.8', 'an unasked pong', [UNASKED]),
  answered('2.9', 'an unasked pong, then a ping', [UNASKED, ping('ping payload')], pongBack('ping payload')),
  answered('2.10', 'ten pings', together(...TEN.map((one) => ping(one))), ...TEN.map(pongBack)),
  answered(
    '2.11',
    'ten pings, byte by byte',
    inChops(1, ...TEN.map((one) => ping(one))),
    ...TEN.map(pongBack),
  ),
];

/** A good text, something bad, and a ping that nobody answers any more. */
const afterHello = (bad: Buffer): Buffer[] => [text(HELLO), bad, ping()];
const reserved = (rsv: number): Buffer[] => afterHello(text(HELLO, { rsv }));

/** Group 3: the reserved bits. */
const RESERVED_BITS: Case[] = [
  closed('3.1', 'bits 1 on a text', 1002, [text(HELLO, { rsv: 1 })]),
  closed('3.2', 'bits 2 on the second text', 1002, together(...reserved(2)), textBack(HELLO)),
  closed('3.3', 'bits 3 on the second text, frame by frame', 1002, reserved(3), textBack(HELLO)),
  closed('3.4', 'bits 4 on the second text, byte by byte', 1002, inChops(1, ...reserved(4)), textBack(HELLO)),
  closed('3.5', 'bits 5 on bytes', 1002, [frame(OPCODE.binary, HELLO, { rsv: 5 })]),
  closed('3.6', 'bits 6 on a ping', 1002, [ping(HELLO, { rsv: 6 })]),
  closed('3.7', 'bits 7 on a close frame', 1002, [frame(OPCODE.close, '', { rsv: 7 })]),
];

/** Group 4: the opcodes that mean nothing, data and control. */
const OPCODES: Case[] = [3, 11].flatMap((first, part) => {
  const id = (index: number): string => `4.${part + 1}.${index}`;
  return [
    closed(id(1), `opcode ${first}`, 1002, [frame(first)]),
    closed(id(2), `opcode ${first + 1} with a payload`, 1002, [frame(first + 1, 'reserved')]),
    closed(
      id(3),
      `opcode ${first + 2} behind a text`,
      1002,
      together(...afterHello(frame(first + 2))),
      textBack(HELLO),
    ),
    closed(
      id(4),
      `opcode ${first + 3} with a payload behind a text`,
      1002,
      afterHello(frame(first + 3, HELLO)),
      textBack(HELLO),
    ),
    closed(
      id(5),
      `opcode ${first + 4} behind a text, byte by byte`,
      1002,
      inChops(1, ...afterHello(frame(first + 4, HELLO))),
      textBack(HELLO),
    ),
  ];
});

const two = [text(ONE, open), more(TWO)];
const withPing = [text(ONE, open), ping('ping payload'), more(TWO)];
const nothingOpen = (fin: boolean): Buffer[] => [more('non-continuation payload', { fin }), text(HELLO)];
const stray = (fin: boolean): Buffer[] => [...two, more(THREE, { fin }), text(FOUR)];
const alternating = (fin: boolean): Buffer[] => {
  const round = [more(ONE, { fin }), text(TWO, open), more(THREE)];
  return [...round, ...round];
};
const five = [
  text(ONE, open),
  more(TWO, open),
  ping('pongme 1!'),
  more(THREE, open),
  more(FOUR, open),
  ping('pongme 2!'),
  more(FIVE),
];
const WHOLE = textBack(ONE + TWO);
const ofFive = [pongBack('pongme 1!'), pongBack('pongme 2!'), textBack(PIECES.join(''))];

/** Group 5: messages in pieces, and what may stand between them. */
const FRAGMENTS: Case[] = [
  closed('5.1', 'a ping in pieces', 1002, [ping(ONE, open), more(TWO)]),
  closed('5.2', 'a pong in pieces', 1002, [frame(OPCODE.pong, ONE, open), more(TWO)]),
  answered('5.3', 'a text in two pieces', together(...two), WHOLE),
  answered('5.4', 'the same, frame by frame', two, WHOLE),
  answered('5.5', 'the same, byte by byte', inChops(1, ...two), WHOLE),
  answered('5.6', 'a ping between the pieces', together(...withPing), pongBack('ping payload'), WHOLE),
  answered('5.7', 'the same, frame by frame', withPing, pongBack('ping payload'), WHOLE),
  answered('5.8', 'the same, byte by byte', inChops(1, ...withPing), pongBack('ping payload'), WHOLE),
  ...[true, false].flatMap((fin, part) => {
    const what = `a continuation of nothing, ${fin ? 'whole' : 'to be continued'}`;
    const frames = nothingOpen(fin);
    return [
      closed(`5.${9 + 3 * part}`, what, 1002, together(...frames)),
      closed(`5.${10 + 3 * part}`, `${what}, frame by frame`, 1002, frames),
      closed(`5.${11 + 3 * part}`, `${what}, byte by byte`, 1002, inChops(1, ...frames)),
    ];
  }),
  closed('5.15', 'a message, then a continuation of nothing', 1002, together(...stray(false)), WHOLE),
  closed('5.16', 'continuations of nothing before each message', 1002, alternating(false)),
  closed('5.17', 'whole continuations of nothing before each message', 1002, alternating(true)),
  closed('5.18', 'a second piece that begins a message', 1002, [text(ONE, open), text(TWO)]),
  answered('5.19', 'five pieces and two pings', together(...five), ...ofFive),
  answered('5.20', 'the same, frame by frame', five, ...ofFive),
];

/** Group 10: the client cuts a long text by itself. */
const CUT: Case[] = [
  answered(
    '10.1.1',
    `${LONGEST} bytes in pieces of 1300`,
    inFragments(Buffer.from(stars(LONGEST)), 1_300),
    textBack(stars(LONGEST)),
  ),
];

export const FRAMING_CASES = [...PAYLOADS, ...PINGS, ...RESERVED_BITS, ...OPCODES, ...FRAGMENTS, ...CUT];
