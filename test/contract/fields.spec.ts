import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Ajv } from 'ajv';
import { parseFrame } from '../../src/protocol/frame-parser.js';
import { RequestPipe } from '../../src/http/request.pipe.js';
import { SendMessageDto } from '../../src/messages/messages.dto.js';
import { checkOf } from '../../src/protocol/fields.js';
import { CreateUserDto } from '../../src/users/users.dto.js';
import { readFileSync } from 'node:fs';

const pipe = new RequestPipe();
const throughPipe = (value: unknown, metatype: typeof SendMessageDto | typeof CreateUserDto) =>
  pipe.transform(structuredClone(value), { type: 'body', metatype }).then(
    () => true,
    () => false,
  );

/** What stands at a path of a parsed document. */
function at(value: unknown, ...path: string[]): object {
  const found = path.reduce<unknown>(
    (part, key) => (part instanceof Object ? Reflect.get(part, key) : part),
    value,
  );
  if (!(found instanceof Object)) throw new TypeError(`Nothing at ${path.join('.')}`);
  return found;
}

const anything = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.integer(),
  fc.double(),
  fc.constantFrom(null, undefined, true, '', ' ', '\0', '\ud800', 0, 1, 1.5, -1, 2 ** 53, Infinity, NaN),
);

describe('A declared field', () => {
  it('means the same to the check of frames and to the pipe of REST', async () => {
    const check = checkOf(SendMessageDto);
    const body = fc.record(
      { content: anything, client_msg_id: anything, reply_to: anything, room_id: anything },
      { requiredKeys: [] },
    );

    await fc.assert(
      fc.asyncProperty(body, async (value) => {
        const defined = Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined));
        expect(await throughPipe(defined, SendMessageDto)).toBe(check(defined) === undefined);
      }),
      { numRuns: 500 },
    );
  });

  it('means what the published schema says, but for U+0000, surrogates and bytes, which JSON Schema cannot say', async () => {
    const document: unknown = JSON.parse(readFileSync('openapi.json', 'utf8'));
    const schema = at(document, 'components', 'schemas', 'CreateUserDto');
    const published = new Ajv({ strict: false, unicodeRegExp: true }).compile(schema);
    const text = fc
      .string({ unit: 'grapheme', maxLength: 80 })
      .filter((s) => !s.includes('\0') && s.isWellFormed());
    const password = fc.string({ unit: 'grapheme-ascii', maxLength: 72 }).filter((s) => !s.includes('\0'));
    const email = fc.oneof(fc.emailAddress(), text);

    await fc.assert(
      fc.asyncProperty(fc.record({ username: text, email, password }), async (account) => {
        expect(await throughPipe(account, CreateUserDto)).toBe(published(account));
      }),
      { numRuns: 500 },
    );
  });
});

describe('The frame parser', () => {
  it('gives a frame or an error for any text, and never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
        const parsed = parseFrame(text, undefined);
        expect(parsed.ok || parsed.error.code.length > 0).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('gives back the ref of whatever has a proper one, and only that', () => {
    fc.assert(
      fc.property(anything, anything, (ref, content) => {
        const parsed = parseFrame(JSON.stringify({ ref, content }), 1);
        const arrived: unknown = Reflect.get(at(JSON.parse(JSON.stringify({ ref }))), 'ref');
        const isProper = typeof arrived === 'string' && arrived.isWellFormed() && [...arrived].length <= 64;
        if (isProper && !arrived.includes('\0')) expect(parsed.ref).toBe(arrived);
        else if (arrived !== undefined && arrived !== null && !isProper)
          expect(parsed).toMatchObject({ ok: false, ref: undefined });
      }),
      { numRuns: 1_000 },
    );
  });
});
