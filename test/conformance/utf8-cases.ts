import { answered, closed, inChops, inFragments, more, text, textBack, together, type Case } from './case.js';

const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(' ', ''), 'hex');
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

const GREEK = hex('ce ba e1 bd b9 cf 83 ce bc ce b5');
const EDITED = Buffer.from('edited');
/** Greek, half of a surrogate pair, and more text. */
const SURROGATE_WITHIN = Buffer.concat([GREEK, hex('ed a0 80'), EDITED]);
/** Greek, U+110000, and more text. */
const TOO_HIGH_WITHIN = Buffer.concat([GREEK, hex('f4 90 80 80'), EDITED]);
const UMLAUTS = ['Hello-µ@ßöä', 'üàá-UTF-8!!'] as const;
const open = { fin: false };

/** From the first bad byte on, the server may close; with the last one it must. */
function inThree(id: string, what: string, first: number, second: number): Case[] {
  const parts = [
    TOO_HIGH_WITHIN.subarray(0, first),
    TOO_HIGH_WITHIN.subarray(first, second),
    TOO_HIGH_WITHIN.subarray(second),
  ] as const;
  const [head, middle, tail] = parts;
  const message = text(TOO_HIGH_WITHIN);
  const start = message.length - TOO_HIGH_WITHIN.length;
  return [
    closed(`6.4.${id}`, `${what}, in three frames`, 1007, [text(head, open), more(middle, open), more(tail)]),
    closed(`6.4.${Number(id) + 2}`, `${what}, in three chops`, 1007, [
      message.subarray(0, start + first),
      message.subarray(start + first, start + second),
      message.subarray(start + second),
    ]),
  ];
}

const IN_PIECES: Case[] = [
  answered('6.1.1', 'an empty text', [text('')], textBack('')),
  answered('6.1.2', 'three pieces of nothing', [text('', open), more('', open), more('')], textBack('')),
  answered(
    '6.1.3',
    'text between two pieces of nothing',
    [text('', open), more('middle frame payload', open), more('')],
    textBack('middle frame payload'),
  ),
  answered('6.2.1', 'text beyond ASCII', [text(UMLAUTS.join(''))], textBack(UMLAUTS.join(''))),
  answered(
    '6.2.2',
    'the same, cut between two characters',
    [text(UMLAUTS[0], open), more(UMLAUTS[1])],
    textBack(UMLAUTS.join('')),
  ),
  answered(
    '6.2.3',
    'the same in frames of one byte',
    inFragments(Buffer.from(UMLAUTS.join('')), 1),
    textBack(UMLAUTS.join('')),
  ),
  answered('6.2.4', 'Greek in frames of one byte', together(...inFragments(GREEK, 1)), textBack(GREEK)),
  closed('6.3.1', 'a surrogate within', 1007, [text(SURROGATE_WITHIN)]),
  closed('6.3.2', 'the same in frames of one byte', 1007, inFragments(SURROGATE_WITHIN, 1)),
  ...inThree('1', 'U+110000 in the second part', GREEK.length, GREEK.length + 4),
  ...inThree('2', 'U+110000, of which the second part has the first impossible byte', 12, 13),
];

const INCOMPLETE = [
  'c0',
  'e0 80',
  'f0 80 80',
  'f8 80 80 80',
  'fc 80 80 80 80',
  'df',
  'ef bf',
  'f7 bf bf',
  'fb bf bf bf',
  'fd bf bf bf bf',
].map(hex);

/** Code points whose last four digits are FFFE or FFFF. They are valid (RFC 3629), though no characters. */
const NONCHARACTERS = range(0, 17)
  .flatMap((plane) => [plane * 0x1_0000 + 0xfffe, plane * 0x1_0000 + 0xffff])
  .map((point) => Buffer.from(String.fromCodePoint(point)));

const valid = (...list: (string | Buffer)[]) => list.map((bytes) => ({ isValid: true, bytes: of(bytes) }));
const invalid = (...list: (string | Buffer)[]) => list.map((bytes) => ({ isValid: false, bytes: of(bytes) }));
const of = (bytes: string | Buffer): Buffer => (Buffer.isBuffer(bytes) ? bytes : hex(bytes));
const hello = (character: string): Buffer => Buffer.from(`hello${character}world`);
/** Each byte with a blank behind it. */
const lonely = (from: number, to: number): Buffer =>
  Buffer.from(range(from, to).flatMap((byte) => [byte, 0x20]));

/** The sections of Markus Kuhn's "UTF-8 decoder capability and stress test", from 6.5 on. */
const SECTIONS: [what: string, sequences: { isValid: boolean; bytes: Buffer }[]][] = [
  ['some valid text', valid(hello('\u0024'), hello('\u00a2'), hello('\u20ac'), hello('\u{24b62}'), GREEK)],
  [
    'a beginning of valid text',
    range(1, GREEK.length + 1).map((length) => ({
      isValid: [2, 5, 7, 9, 11].includes(length),
      bytes: GREEK.subarray(0, length),
    })),
  ],
  ['the first of a length', valid('00', 'c2 80', 'e0 a0 80', 'f0 90 80 80')],
  ['the first of 5 and 6 bytes', invalid('f8 88 80 80 80', 'fc 84 80 80 80 80')],
  ['the last of a length', valid('7f', 'df bf', 'ef bf bf', 'f4 8f bf bf')],
  ['the last of 4, 5 and 6 bytes', invalid('f7 bf bf bf', 'fb bf bf bf bf', 'fd bf bf bf bf bf')],
  ['on the border', [...valid('ed 9f bf', 'ee 80 80', 'ef bf bd', 'f4 8f bf bf'), ...invalid('f4 90 80 80')]],
  [
    'unexpected continuations',
    invalid(
      ...['80', 'bf', '80 bf', '80 bf 80', '80 bf 80 bf', '80 bf 80 bf 80', '80 bf 80 bf 80 bf'],
      Buffer.from(range(0x80, 0xbf)),
    ),
  ],
  [
    'lonely beginnings',
    invalid(
      lonely(0xc0, 0xdf),
      lonely(0xe0, 0xef),
      lonely(0xf0, 0xf7),
      lonely(0xf8, 0xfb),
      lonely(0xfc, 0xfd),
    ),
  ],
  ['the last continuation missing', invalid(...INCOMPLETE)],
  ['all of them joined', invalid(Buffer.concat(INCOMPLETE))],
  ['impossible bytes', invalid('fe', 'ff', 'fe fe ff ff')],
  [
    'a slash that is too long',
    invalid('c0 af', 'e0 80 af', 'f0 80 80 af', 'f8 80 80 80 af', 'fc 80 80 80 80 af'),
  ],
  [
    'the highest that are too long',
    invalid('c1 bf', 'e0 9f bf', 'f0 8f bf bf', 'f8 87 bf bf bf', 'fc 83 bf bf bf bf'),
  ],
  [
    'a NUL that is too long',
    invalid('c0 80', 'e0 80 80', 'f0 80 80 80', 'f8 80 80 80 80', 'fc 80 80 80 80 80'),
  ],
  [
    'a surrogate alone',
    invalid('ed a0 80', 'ed ad bf', 'ed ae 80', 'ed af bf', 'ed b0 80', 'ed be 80', 'ed bf bf'),
  ],
  [
    'surrogates in pairs',
    invalid(
      ...['ed a0 80', 'ed ad bf', 'ed ae 80', 'ed af bf'].flatMap((high) =>
        ['ed b0 80', 'ed bf bf'].map((low) => high + low),
      ),
    ),
  ],
  ['no character, but valid', valid(...NONCHARACTERS)],
  ['specials', valid(...range(0xfff9, 0x1_0000).map((point) => Buffer.from(String.fromCodePoint(point))))],
];

const SEQUENCES: Case[] = SECTIONS.flatMap(([what, sequences], section) =>
  sequences.map(({ isValid, bytes }, index) => {
    const id = `6.${section + 5}.${index + 1}`;
    const name = `${what}: ${bytes.length > 20 ? `${bytes.length} bytes` : bytes.toString('hex')}`;
    return isValid
      ? answered(id, name, [text(bytes)], textBack(bytes))
      : closed(id, name, 1007, [text(bytes)]);
  }),
);

/** Group 6: what is UTF-8 (RFC 3629), and what only looks like it. */
export const UTF8_CASES: Case[] = [...IN_PIECES, ...SEQUENCES];

/** Every sequence once more, in frames of one byte, each byte with a write of its own. */
export const UTF8_IN_BYTES: Case[] = SECTIONS.flatMap(([what, sequences], section) =>
  sequences
    .filter(({ bytes }) => bytes.length > 1)
    .map(({ isValid, bytes }, index) => {
      const id = `6.${section + 5} no. ${index + 1}`;
      const frames = inFragments(bytes, 1);
      return isValid
        ? answered(id, what, inChops(1, ...frames), textBack(bytes))
        : closed(id, what, 1007, frames);
    }),
);
