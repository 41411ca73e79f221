import fc from 'fast-check';

/** Stands in values, and could not be the name of a field: an error that contains it has repeated what it was sent. */
export const MARK = 'zQ9!mark';

/** Text that has broken somebody's server before. */
const NOTORIOUS = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\u202eevil\u202c',
  '\u200b',
  '\ufeff',
  '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
  `e${'\u0301'.repeat(5_000)}`,
  '\ud800',
  '\udc00\ud800',
  'a\r\nX-Injected: yes\r\n\r\n',
  "' OR 1=1 --",
  '"; DROP TABLE users; --',
  '%_\\',
  '" OR * NEAR(a b)',
  '${7*7}{{7*7}}#{7*7}',
  '<script>alert(1)</script>',
  '../../../etc/passwd',
  '%2e%2e%2f%00',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'NaN',
  '1e400',
  '-0',
  '0x10',
  'null',
  'undefined',
  '[object Object]',
  '%s%n%x',
  '\u0130\u0131\ufb03',
  'x'.repeat(70),
  'x'.repeat(300),
  'x'.repeat(5_000),
];

const bareText = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...NOTORIOUS) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary' }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme' }) },
);

export const hostileText = fc.oneof(
  bareText,
  bareText.map((text) => MARK + text),
);

export const hostileKey = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', '', 'id', 'seq', 'role', 'is_admin'),
  fc.string({ maxLength: 8 }),
);

/** JSON that no JavaScript value would become: its numbers are too large, its keys are there twice. */
const oddLiteral = fc.constantFrom(
  '1e400',
  '-1e400',
  '-0',
  '0',
  '-1',
  '1.5',
  '1.0',
  '1e2',
  '9007199254740993',
  '9223372036854775808',
  '2147483648',
  'null',
  'true',
  'false',
  '[]',
  '{}',
  '[1]',
  '[[[[[[[[]]]]]]]]',
  '{"$ne":1}',
  '{"toString":1,"valueOf":2}',
  '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '{"length":1e9}',
  '"\\ud800"',
  '"\\u0000"',
);

/** The JSON text of some value that nobody should send. */
export const hostileJson = fc.oneof(
  { weight: 3, arbitrary: oddLiteral },
  { weight: 3, arbitrary: hostileText.map((text) => JSON.stringify(text)) },
  { weight: 1, arbitrary: fc.json() },
);

/** Fields in any order, as often as they come: the text of an object that may have a key twice. */
export function objectText(fields: readonly (readonly [string, string])[]): string {
  return `{${fields.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(',')}}`;
}

/** Nested or long beyond reason. Large, so that it is used sparingly. */
export const monstrous = fc.constantFrom(
  '['.repeat(60_000),
  `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
  `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
  `{${Array.from({ length: 5_000 }, (_, index) => `"k${index}":1`).join(',')}}`,
  `{"content":${JSON.stringify('y'.repeat(60_000))}}`,
  `{"content":${'9'.repeat(50_000)}}`,
);

/** A text with a piece cut out, doubled or replaced. */
export function damaged(whole: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(whole, fc.nat(), fc.nat({ max: 6 }), fc.oneof(fc.constant(''), fc.string({ maxLength: 4 })))
    .map(([text, place, length, instead]) => {
      const start = text.length === 0 ? 0 : place % text.length;
      return text.slice(0, start) + instead + text.slice(start + length);
    });
}
