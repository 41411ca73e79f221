import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { runProgram } from '../support/run-program.js';
import { componentsOf, lockedPackages, manifestOf } from './manifest.parser.js';

/** npm needs some seconds to start on a busy machine. */
jest.setTimeout(120_000);

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/dependencies.md'), 'utf8');
const manifest = manifestOf(join(root, 'package.json'));
const locked = lockedPackages(join(root, 'package-lock.json'));

/** Licences that allow use in a work under another one, as SPDX writes them. */
const ALLOWED = [
  ...['MIT', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'BlueOak-1.0.0', 'Python-2.0'],
  ...['(MPL-2.0 OR Apache-2.0)', '(MIT OR WTFPL)', '(BSD-2-Clause OR MIT OR Apache-2.0)'],
  '(MIT AND BSD-3-Clause)',
  'BSD',
];

/** Their package.json names no licence, or in an old form. Where the text of it is, which is that of MIT. */
const LICENCE_TEXTS = {
  busboy: 'LICENSE',
  decko: 'LICENSE',
  'passport-strategy': 'LICENSE',
  pause: 'Readme.md',
  stickyfill: 'LICENSE',
  streamsearch: 'LICENSE',
};
const MIT = [
  'Permission is hereby granted, free of charge, to any person obtaining a copy of this software',
  'to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software',
];

/** The rows of the table under a heading. */
function rowsUnder(heading: string): { name: string; licence: string; why: string }[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(heading)) ?? '';
  const rows = section.matchAll(/^\| `([^`]+)` +\| (\S+) +\| (.*\S) +\|$/gm);
  return [...rows].map(([, name = '', licence = '', why = '']) => ({ name, licence, why }));
}

function packagesSaid(label: string): number {
  return Number(new RegExp(`^\\| ${label} +\\| (\\d+) +\\|$`, 'm').exec(page)?.[1]);
}

describe.each<[string, 'dependencies' | 'devDependencies']>([
  ['Shipped', 'dependencies'],
  ['For development', 'devDependencies'],
])('The table "%s" of docs/dependencies.md', (heading, kind) => {
  const rows = rowsUnder(heading);

  it('has a row for each package, and for no other', () => {
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(manifest[kind]).sort());
  });

  it('names the licences that the packages name', () => {
    const theirs = rows.map(({ name }) => ({
      name,
      licence: manifestOf(join(root, 'node_modules', name, 'package.json')).license,
    }));

    expect(rows.map(({ name, licence }) => ({ name, licence }))).toEqual(theirs);
  });

  it('is of exact versions', () => {
    expect(Object.values(manifest[kind]).filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});

const shipped = locked.filter(({ isForDevelopment }) => !isForDevelopment);

describe('The lock file', () => {
  it('has as many packages as the page says', () => {
    expect({
      shipped: packagesSaid('shipped, with all that they need'),
      development: packagesSaid('for development only'),
    }).toEqual({ shipped: shipped.length, development: locked.length - shipped.length });
  });

  it('has no package to be shipped under a licence that does not allow it', () => {
    const others = shipped.filter(({ license }) => license === undefined || !ALLOWED.includes(license));

    expect(others.map(({ name }) => name).sort()).toEqual(Object.keys(LICENCE_TEXTS));
  });

  it.each(Object.entries(LICENCE_TEXTS))('has %s under the terms of MIT, as its %s says', (name, file) => {
    const text = readFileSync(join(root, 'node_modules', name, file), 'utf8').replace(/\s+/g, ' ');

    for (const term of MIT) expect(text).toContain(term);
  });

  it('has the hash of every package that is shipped', () => {
    expect(shipped.filter(({ integrity }) => !integrity?.startsWith('sha512-'))).toEqual([]);
  });

  it('lets only the packages run something at the installation that may', () => {
    const wish = shipped.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name);

    expect(wish.filter((name) => manifest.allowScripts[name] === undefined)).toEqual([]);
    expect(Object.keys(manifest.allowScripts).filter((name) => manifest.allowScripts[name])).toEqual([
      'bcrypt',
      'sqlite3',
    ]);
  });
});

describe('npm run sbom', () => {
  it('lists every package that is shipped, with its version, and no other', async () => {
    const { output } = await runProgram(process.execPath, 'scripts/sbom.mjs');
    const bill = componentsOf(output);

    expect(bill).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { name: 'parlor' } } });
    const listed = bill.components.map(({ name, version }) => `${name}@${version}`);
    expect(listed.sort()).toEqual(
      [...new Set(shipped.map(({ name, version }) => `${name}@${version}`))].sort(),
    );
    expect(bill.components.filter(({ hashes = [] }) => hashes.length === 0)).toEqual([]);
  });
});
