import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

/**
 * docs/security-checks.md says where each check is proved. It is compared with the tests, so that a test cannot be
 * renamed or taken away while the page still names it.
 */
const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/security-checks.md'), 'utf8');
const manifest = readFileSync(join(root, 'package.json'), 'utf8');

const CHECKS = 130;
const STATES = ['holds', 'in part', 'open', 'does not apply'] as const;

interface Check {
  readonly number: number;
  readonly state: string;
  readonly files: ReadonlyMap<string, readonly string[]>;
  readonly programs: readonly string[];
  readonly remark: string;
}

function checkIn(line: string): Check {
  const [number = '', , state = '', proof = '', remark = ''] = line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim());
  const files = new Map<string, string[]>();
  const programs: string[] = [];
  let titles: string[] = [];
  for (const [, quoted = ''] of proof.matchAll(/`([^`]+)`/g)) {
    if (/^test\/.+\.spec\.ts$/.test(quoted)) files.set(quoted, (titles = []));
    else if (quoted.startsWith('npm run ')) programs.push(quoted);
    else titles.push(quoted);
  }
  return { number: Number(number), state, files, programs, remark };
}

const checks = page
  .split('\n')
  .filter((line) => /^\|\s+\d+ \|.*\|.*\|.*\|.*\|$/.test(line))
  .map(checkIn);
const named = checks.flatMap(({ number, files }) =>
  [...files].map(([file, titles]) => ({ number, file, titles })),
);

/** The titles of the tests of a file, and of their groups: the text that `it`, `describe` and their `each` are called with. */
function titlesIn(file: string): Set<string> {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest);
  const titles = new Set<string>();
  const collect = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) titles.add(node.text);
    else if (ts.isConditionalExpression(node)) [node.whenTrue, node.whenFalse].forEach(collect);
  };
  const visit = (node: ts.Node): void => {
    const [title] = ts.isCallExpression(node) ? node.arguments : [];
    if (title && ts.isCallExpression(node) && isTest(node.expression)) collect(title);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return titles;
}

/** `it`, or `it.each(rows)`; the rows themselves are no titles. */
function isTest(callee: ts.Expression): boolean {
  if (ts.isIdentifier(callee)) return callee.text === 'it' || callee.text === 'describe';
  return (
    ts.isCallExpression(callee) &&
    ts.isPropertyAccessExpression(callee.expression) &&
    callee.expression.name.text === 'each' &&
    isTest(callee.expression.expression)
  );
}

describe('docs/security-checks.md', () => {
  it('has each check once, in order', () => {
    expect(checks.map(({ number }) => number)).toEqual(
      Array.from({ length: CHECKS }, (_, index) => index + 1),
    );
  });

  it('counts what its tables say', () => {
    const said = [...page.matchAll(/^\| ([a-z ]+?) +\| +(\d+) \|$/gm)].map(([, state, count]) => [
      state,
      Number(count),
    ]);

    expect(said).toEqual([
      ...STATES.map((state) => [state, checks.filter((check) => check.state === state).length]),
      ['all', CHECKS],
    ]);
  });

  it.each(named)('$number: $file has the tests that it names', ({ file, titles }) => {
    expect(titles).not.toEqual([]);
    expect({ file, isThere: existsSync(join(root, file)) }).toEqual({ file, isThere: true });
    const there = titlesIn(file);
    expect(titles.filter((title) => !there.has(title))).toEqual([]);
  });

  it('names no program that there is not', () => {
    for (const program of checks.flatMap(({ programs }) => programs)) {
      expect(manifest).toContain(`"${program.split(' ')[2]}": `);
    }
  });

  it('proves what it says to hold, says what is missing, and why what is not proved is not', () => {
    for (const { number, state, files, programs, remark } of checks) {
      const isProved = files.size + programs.length > 0;
      expect({ number, isProved }).toEqual({ number, isProved: state === 'holds' || state === 'in part' });
      if (state === 'in part')
        expect({ number, remark }).toEqual({ number, remark: sentenceAfter('in part: ') });
      if (!isProved || files.size === 0)
        expect({ number, remark }).toEqual({ number, remark: sentenceAfter('') });
    }
  });
});

function sentenceAfter(beginning: string): unknown {
  return expect.stringMatching(new RegExp(`^${beginning}.{10,}\\.$`));
}
