import fc from 'fast-check';
import { damaged, hostileJson, hostileKey, hostileText, monstrous, objectText } from './hostile.js';
import type { Operation, Schema } from './served-document.parser.js';

/** A request with names in `@...@` for the ids that are known only when it is sent. */
export interface Attempt {
  readonly caller: 'person' | 'operator' | 'nobody' | 'forger' | 'pretender';
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | undefined;
}

/** Ids that have a value on the server; others are made up from their schema. */
const PLACEHOLDERS = ['room_id', 'user_id', 'session_id', 'reply_to'] as const;
const placeholder = (name: string) => `@${name}@`;

const isPlaced = (name: string) => PLACEHOLDERS.some((known) => known === name);

/** A value that fits the schema as far as one can tell. Not JSON yet. */
function fitting(name: string, schema: Schema): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const { minimum = 0, maximum = 1_000, example } = schema;
  if (schema.type === 'integer') return fc.integer({ min: minimum, max: Math.max(minimum, maximum) });
  if (schema.type === 'boolean') return fc.boolean();
  const unique = fc.string({ unit: 'grapheme-ascii', minLength: 8, maxLength: 20 });
  const word = unique.map((text) => text.replace(/[^a-z\d]/gi, 'x'));
  if (name === 'email') return word.map((text) => `${text}@example.org`);
  if (/name$/.test(name)) return word;
  return fc.oneof(fc.constant(example ?? 'some text'), unique);
}

/** The JSON text of a field: mostly right, sometimes anything. */
function fieldText(name: string, schema: Schema): fc.Arbitrary<string> {
  const right = isPlaced(name)
    ? fc.constant(JSON.stringify(placeholder(name)))
    : fitting(name, schema).map((value) => JSON.stringify(value) ?? 'null');
  return fc.oneof({ weight: 7, arbitrary: right }, { weight: 3, arbitrary: hostileJson });
}

function bodyOf(fields: Readonly<Record<string, Schema>>): fc.Arbitrary<string | Buffer> {
  const names = Object.keys(fields);
  const whole = fc
    .tuple(...names.map((name) => fc.tuple(fc.constant(name), fieldText(name, fields[name] ?? {}))))
    .chain((all) => fc.shuffledSubarray(all, { minLength: Math.max(0, all.length - 2) }));
  const further = fc.array(fc.tuple(fc.oneof(fc.constantFrom('id', ...names), hostileKey), hostileJson), {
    maxLength: 2,
  });
  const plain = whole.map(objectText);
  const extended = fc.tuple(whole, further).map(([all, more]) => objectText([...all, ...more]));
  const form = whole.map((all) => {
    const pairs = all.map(([name, json]) => [name, json.replace(/^"|"$/g, '')] as const);
    return pairs.map(([name, text]) => `${name}=${encodeURIComponent(text.toWellFormed())}`).join('&');
  });
  return fc.oneof(
    { weight: 8, arbitrary: plain },
    { weight: 6, arbitrary: extended },
    { weight: 3, arbitrary: damaged(plain) },
    { weight: 2, arbitrary: form },
    { weight: 2, arbitrary: hostileJson },
    { weight: 2, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: plain.map((text) => Buffer.from(text, 'utf16le')) },
    { weight: 1, arbitrary: monstrous },
  );
}

/** Text as it may stand in a target: percent-encoded, more or less. */
const urlText = fc.oneof(
  { weight: 6, arbitrary: hostileText.map((text) => encodeURIComponent(text.toWellFormed().slice(0, 300))) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('%00', '%', '%zz', '%ed%a0%80', '%ff', '%2e%2e', '%2f', '..', '1%2f2'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('0', '-1', '1.0', '1e3', '9007199254740993', '99999999999999999999'),
  },
);

function idText(name: string, schema: Schema): fc.Arbitrary<string> {
  const right = isPlaced(name)
    ? fc.constant(placeholder(name))
    : fitting(name, schema).map((value) => encodeURIComponent(String(value)));
  const hostile = urlText.filter((text) => text !== '');
  return fc.oneof(
    { weight: 7, arbitrary: right },
    { weight: 1, arbitrary: fc.constant('999999') },
    { weight: 2, arbitrary: hostile },
  );
}

function queryOf({ parameters }: Operation): fc.Arbitrary<string> {
  const known = parameters.filter((parameter) => parameter.in === 'query');
  const pairs = known.map(({ name, schema }) => {
    const right = fitting(name, schema).map((value) => encodeURIComponent(String(value)));
    const value = fc.oneof({ weight: 3, arbitrary: right }, { weight: 2, arbitrary: urlText });
    return value.map((text) => `${name}=${text}`);
  });
  const odd = fc.constantFrom(
    'a[__proto__][polluted]=1',
    '__proto__[polluted]=1',
    'constructor[prototype][polluted]=1',
    '__proto__=1',
    'limit=1&limit=9999',
    'limit[]=1',
    'limit[$gt]=1',
    '%=%',
    '&&&',
    'skip',
    '=',
  );
  const stray = fc.tuple(urlText, urlText).map((pair) => pair.join('='));
  const pair = fc.oneof(
    ...pairs.map((arbitrary) => ({ weight: 6, arbitrary })),
    { weight: 1, arbitrary: odd },
    { weight: 1, arbitrary: stray },
  );
  return fc.array(pair, { maxLength: 3 }).map((all) => (all.length === 0 ? '' : `?${all.join('&')}`));
}

function targetOf(operation: Operation): fc.Arbitrary<string> {
  const ids = operation.parameters.filter((parameter) => parameter.in === 'path');
  const filled = fc
    .tuple(...ids.map(({ name, schema }) => idText(name, schema)))
    .map((texts) =>
      ids.reduce(
        (path, { name }, index) => path.replace(`{${name}}`, () => texts[index] ?? ''),
        operation.path,
      ),
    );
  const slash = fc.constantFrom('', '', '/');
  return fc
    .tuple(filled, slash, queryOf(operation))
    .map(([path, end, query]) => `${path.replace(/\/$/, '')}${end}${query}`);
}

const STRANGE_TYPES = [
  'text/plain',
  'application/xml',
  'multipart/form-data; boundary=x',
  'application/json; charset=utf-16le',
  'application/json; charset=nonsense',
  'application/vnd.api+json',
  'application/x-www-form-urlencoded',
  ';',
];

function headersOf({ contentTypes }: Operation): fc.Arbitrary<Record<string, string>> {
  const type = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...contentTypes, 'application/json') },
    { weight: 2, arbitrary: fc.constantFrom(...STRANGE_TYPES) },
  );
  const further = fc.constantFrom<Record<string, string>>(
    {},
    {},
    {},
    { 'content-encoding': 'gzip' },
    { 'content-encoding': 'nonsense' },
    { accept: 'text/html' },
    { 'x-http-method-override': 'DELETE', 'x-forwarded-for': '127.0.0.1, ::1' },
    { origin: 'http://evil.example' },
  );
  return fc.tuple(type, further).map(([contentType, more]) => ({ 'content-type': contentType, ...more }));
}

/** A request for this operation: right, nearly right, or nothing of the sort. */
export function attemptsAt(operation: Operation): fc.Arbitrary<Attempt> {
  const { fields } = operation;
  return fc.record({
    caller: fc.constantFrom(
      'person',
      'person',
      'person',
      'person',
      'operator',
      'nobody',
      'forger',
      'pretender',
    ),
    target: targetOf(operation),
    headers: headersOf(operation),
    body: fields ? bodyOf(fields) : fc.option(hostileJson, { nil: undefined, freq: 8 }),
  });
}

/** The same text or bytes with the ids put in. */
export function placed(text: string, ids: Readonly<Record<string, string | number>>): string {
  return text
    .replace(/"@(\w+)@"/g, (whole, name: string) => JSON.stringify(ids[name]) ?? whole)
    .replace(/@(\w+)@/g, (whole, name: string) => String(ids[name] ?? whole));
}
