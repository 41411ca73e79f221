import type { Run } from './rounds.js';
import type { Cell, Row, Summary } from './summary.js';

/** Columns as wide as they need to be, the first to the left, the others to the right. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((text, index) => (widths[index] = Math.max(widths[index] ?? 0, text.length)));
  }
  const line = (row: readonly string[]): string =>
    row
      .map((text, index) => (index === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[index] ?? 0)))
      .join('   ')
      .trimEnd();
  return rows.map((row) => `  ${line(row)}`).join('\n');
}

/** Medians, and beside each that is compared what Parlor's is of it. */
export function tableOf({ scenario, title, rows }: Summary): string {
  const [first] = rows;
  if (!first) return `${scenario}: no runs`;
  const head = first.cells.flatMap(({ title: name, better }) => (better ? [name, 'Parlor is'] : [name]));
  const body = rows.map((row) => [
    row.peer,
    ...row.cells.flatMap((cell) => cellTexts(cell, row)),
    counts(row),
  ]);
  const marks = (['floor', 'disorder'] as const)
    .filter((flaw) => rows.some((row) => row.flaw === flaw))
    .map((flaw) => `  ${MARKS[flaw]}`);
  return [`${scenario}: ${title}`, columns([['', ...head, 'runs'], ...body]), ...marks].join('\n');
}

const MARKS = {
  floor: '>= the generator was the bottleneck in every run: a peer can do at least that',
  disorder: '() every run delivered messages out of order',
} as const;

function cellTexts(cell: Cell, row: Row): string[] {
  const value = cell.median === undefined ? '-' : marked(number(cell.median, cell.digits), cell, row, '>=');
  if (!cell.better) return [value];
  if (row.peer === 'parlor') return [value, ''];
  const ratio = cell.parlorIs?.median.toFixed(2);
  return [value, ratio === undefined ? '-' : marked(`x ${ratio}`, cell, row, '<=')];
}

function marked(text: string, { better }: Cell, { flaw }: Row, bound: '>=' | '<='): string {
  if (flaw === 'disorder') return `(${text})`;
  return flaw === 'floor' && better === 'more is better' ? `${bound} ${text}` : text;
}

function counts({ runs, counted }: Row): string {
  return counted === runs ? String(runs) : `${counted} of ${runs}`;
}

export function number(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Every run that something was wrong with, one by one. */
export function flawedRuns(runs: readonly Run[]): string {
  const lines = runs.flatMap(({ scenario, peer, round, flaws }) =>
    flaws.map(({ kind, text }) => `  ${scenario}, ${peer}, round ${round}: ${WORD[kind]}: ${text}`),
  );
  return lines.length === 0 ? '' : ['Runs that do not count, or only with a mark:', ...lines].join('\n');
}

const WORD = { broken: 'does not count', disorder: 'out of order', floor: 'lower bound' } as const;

/** A line while it goes on: what a run came to. */
export function progressOf({ scenario, peer, round, flaws }: Run, metrics: readonly string[]): string {
  const trouble = [...new Set(flaws.map(({ kind }) => `  !! ${WORD[kind]}`))].join('');
  return `  ${String(round).padStart(2)}  ${scenario.padEnd(9)}  ${peer.padEnd(11)}  ${metrics.join(', ')}${trouble}`;
}
