/**
 * No regular expression of the server's takes long for any text, not even for one that was made for it: a text that is
 * tried in every way before it is refused would stop the event loop for everybody.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '../..');
/** As much as a body or a frame holds, more or less. In characters. */
const LENGTH = 50_000;
/** Milliseconds for one text. */
const LIMIT = 50;
/** Milliseconds for all texts of one expression. One that is exponential never ends. */
const PATIENCE = 20_000;
/** The same for one that is known to take long. */
const IMPATIENCE = 500;

interface Found {
  readonly where: string;
  readonly source: string;
  readonly flags: string;
}

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(join(ROOT, file), 'utf8'), ts.ScriptTarget.ES2023, true);
}

function everyNode(node: ts.Node): ts.Node[] {
  const nodes = [node];
  ts.forEachChild(node, (child) => void nodes.push(...everyNode(child)));
  return nodes;
}

const SOURCES = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => parse(join('src', path)));

/** The literals of the sources. */
function literals(): Found[] {
  return SOURCES.flatMap((file) =>
    everyNode(file)
      .filter(ts.isRegularExpressionLiteral)
      .map(({ text }) => {
        const end = text.lastIndexOf('/');
        return { where: file.fileName, source: text.slice(1, end), flags: text.slice(end + 1) };
      }),
  );
}

/** The patterns of fields, which the validator compiles: all of them are in the published document. */
function patterns(): Found[] {
  const found: Found[] = [];
  const look = (where: string, part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    for (const [key, value] of Object.entries(part)) {
      if (key === 'pattern' && typeof value === 'string') found.push({ where, source: value, flags: 'u' });
      look(`${where}.${key}`, value);
    }
  };
  look('openapi.json', JSON.parse(readFileSync(join(ROOT, 'openapi.json'), 'utf8')));
  return found;
}

/** What a text for the expression has to begin with, as far as that is written out. */
function beginningOf(source: string): string {
  const written = /^\^?((?:\\[^\w]|[^\\^$.*+?()[\]{}|])*)/.exec(source)?.[1] ?? '';
  return written.replaceAll('\\', '');
}

/** Characters that are in the expression, and one of each kind that expressions tell apart. */
function alphabetOf(source: string): string[] {
  return [...new Set(['a', '0', ' ', '\t', '\n', '@', '.', '-', '/', 'é', '\u{1f600}', ...source])];
}

function textsFor({ source }: Found): string[] {
  const alphabet = alphabetOf(source);
  const pumps = [...alphabet, ...alphabet.flatMap((one) => [`${one}a`, `${one} `])];
  const beginnings = new Set([beginningOf(source), 'a@']);
  return pumps.flatMap((pump) =>
    [...beginnings].flatMap((beginning) => {
      const long = beginning + pump.repeat(LENGTH / pump.length);
      return [long, `${long}@`, `${long}\n!`];
    }),
  );
}

/** The longest that one of the texts takes, in milliseconds; the best of three, because others compute here too. */
const MEASURE = `
  const regex = new RegExp(source, flags);
  const took = (text) => {
    const begun = now();
    regex.lastIndex = 0;
    regex.test(text);
    return now() - begun;
  };
  let longest = 0;
  for (const text of texts) {
    const time = took(text);
    longest = Math.max(longest, time > limit ? Math.min(time, took(text), took(text)) : time);
    if (longest > limit) break;
  }
  longest;
`;

function longestFor(found: Found, timeout = PATIENCE): number {
  const { source, flags } = found;
  const globals = { source, flags, texts: textsFor(found), limit: LIMIT, now: () => performance.now() };
  try {
    return Number(runInNewContext(MEASURE, globals, { timeout }));
  } catch {
    return Infinity;
  }
}

const ALL = [...literals(), ...patterns()];

describe('The regular expressions', () => {
  it('are all found: none is put together at run time', () => {
    const made = SOURCES.filter((file) =>
      everyNode(file).some(
        (node) =>
          (ts.isNewExpression(node) || ts.isCallExpression(node)) &&
          ts.isIdentifier(node.expression) &&
          node.expression.text === 'RegExp',
      ),
    );

    expect(made.map(({ fileName }) => fileName)).toEqual([]);
    expect(literals().length).toBeGreaterThan(10);
    expect(patterns().length).toBeGreaterThan(1);
  });

  it.each(ALL)('/$source/$flags of $where is done with any text in no time', (found) => {
    expect(longestFor(found)).toBeLessThan(LIMIT);
  });
});

describe('The texts', () => {
  it.each([
    '^(a+)+$',
    '[ \\t]*,[ \\t]*',
    '\\s+$',
    '^[^@]+@[^@]+\\.[^@]+$',
    '(.*)=(.*);',
    '^Bearer +(\\S+ *)*$',
  ])('find out that /%s/ takes long', (source) => {
    expect(longestFor({ where: 'here', source, flags: '' }, IMPATIENCE)).toBeGreaterThanOrEqual(LIMIT);
  });
});
