import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigurationError, type Environment } from '../../src/config/env-reader.js';
import { parseSettings } from '../../src/config/parse-settings.js';
import { CATALOGUE } from '../../src/errors/catalogue.js';
import { describeApi } from '../../src/http/openapi.js';
import { CLIENT_FRAMES } from '../../src/protocol/client-frames.js';
import { CLOSE } from '../../src/protocol/close-codes.js';
import { HistoryMessage, SERVER_FRAMES, SocketLimits } from '../../src/protocol/server-frames.js';

type Row = Readonly<Record<string, string>>;
type ApiDocument = ReturnType<typeof describeApi>;

const root = join(import.meta.dirname, '../..');
const protocol = readFileSync(join(root, 'docs/protocol.md'), 'utf8');
const configuration = readFileSync(join(root, 'docs/configuration.md'), 'utf8');

const STATUS_OF = new Map(Object.entries(CATALOGUE).map(([code, { status }]) => [code, status]));

/** The text under a heading, up to the next one of its level or above; empty when there is none. */
function sectionOf(markdown: string, heading: string): string {
  const level = heading.indexOf(' ');
  const lines = markdown.split('\n');
  const start = lines.indexOf(heading);
  if (start === -1) return '';
  const body = lines.slice(start + 1);
  const end = body.findIndex((line) => new RegExp(`^#{1,${level}} `).test(line));
  return body.slice(0, end === -1 ? body.length : end).join('\n');
}

/** The sections of a level, by the names in backticks in their headings. */
function sectionsByName(markdown: string, level: number): Map<string, string> {
  const headings = markdown.split('\n').filter((line) => line.startsWith(`${'#'.repeat(level)} \``));
  return new Map(
    headings.flatMap((heading) => quotedIn(heading).map((name) => [name, sectionOf(markdown, heading)])),
  );
}

/** The rows of every table whose header begins with these columns, each as a record of its cells. */
function rowsUnder(markdown: string, ...columns: string[]): Row[] {
  const tables = markdown.match(/(?:^\|.*\|$\n?)+/gm) ?? [];
  return tables.flatMap((table) => {
    const [header = [], , ...rows] = table.trim().split('\n').map(cellsOf);
    if (columns.some((column, index) => header[index] !== column)) return [];
    return rows.map((cells) =>
      Object.fromEntries(header.map((column, index) => [column, cells[index] ?? ''])),
    );
  });
}

function cellsOf(line: string): string[] {
  return line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim());
}

function quotedIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, quoted = '']) => quoted);
}

function column(rows: Row[], name: string): string[] {
  return rows.map((row) => row[name] ?? '');
}

/** The fields of a documented table, each as it is written: with `?` if it may be left out. */
function fieldsIn(section: string | undefined): string[] {
  return column(rowsUnder(section ?? '', 'field', 'type'), 'field')
    .flatMap(quotedIn)
    .sort();
}

describe('docs/protocol.md', () => {
  let document: ApiDocument;
  let close: () => Promise<void>;
  beforeAll(async () => {
    // The schemas of the frames do not depend on what else the application is made of.
    const app = (await Test.createTestingModule({}).compile()).createNestApplication();
    document = describeApi(app);
    close = () => app.close();
  });
  afterAll(() => close());

  function schemaOf({ name }: { name: string }) {
    const schema = document.components?.schemas?.[name];
    if (!schema || '$ref' in schema) throw new Error(`${name} is not in the API document.`);
    return { properties: schema.properties ?? {}, required: schema.required ?? [] };
  }

  /** The fields of a declared frame, written as in the documents. */
  function fieldsOf(frame: { name: string }): string[] {
    const { properties, required } = schemaOf(frame);
    const names = Object.keys(properties);
    return names.map((name) => (required.includes(name) ? name : `${name}?`)).sort();
  }

  const clientSections = sectionsByName(sectionOf(protocol, '## Client frames'), 3);
  const serverSections = sectionsByName(sectionOf(protocol, '## Server frames'), 3);
  const nested = { limits: SocketLimits, messages: HistoryMessage };

  it('has a section for each client frame, and for no other', () => {
    expect([...clientSections.keys()].sort()).toEqual(Object.keys(CLIENT_FRAMES).sort());
  });

  it('has a section for each server frame and each object in one, and for no other', () => {
    expect([...serverSections.keys()].sort()).toEqual(
      [...Object.keys(SERVER_FRAMES), ...Object.keys(nested)].sort(),
    );
  });

  it.each(Object.entries(CLIENT_FRAMES))('lists exactly the fields of the client frame %s', (type, frame) => {
    expect(fieldsIn(clientSections.get(type))).toEqual(fieldsOf(frame));
  });

  it.each(Object.entries({ ...SERVER_FRAMES, ...nested }))(
    'lists exactly the fields of the server frame %s',
    (type, frame) => {
      expect(fieldsIn(serverSections.get(type))).toEqual(fieldsOf(frame));
    },
  );

  it.each(Object.entries(CLIENT_FRAMES))('says the limits of the fields of %s', (type, frame) => {
    const rows = rowsUnder(clientSections.get(type) ?? '', 'field', 'type');
    const rules = new Map(rows.map(({ field = '', type: rule = '' }) => [field.replace(/[`?]/g, ''), rule]));

    for (const [name, schema] of Object.entries(schemaOf(frame).properties)) {
      if ('$ref' in schema) continue;
      const { maxLength, minimum, enum: choices = [] } = schema;
      const numbers = [maxLength, minimum].filter((limit) => limit !== undefined).map(String);
      const said = rules.get(name)?.match(/\d+|"\w+"/g) ?? [];
      expect({ name, said }).toEqual({ name, said: expect.arrayContaining(numbers) });
      expect({ name, said }).toEqual({
        name,
        said: expect.arrayContaining(choices.map((choice) => JSON.stringify(choice))),
      });
    }
  });

  it('lists exactly the error codes, with their statuses and whether a retry helps', () => {
    const rows = rowsUnder(sectionOf(protocol, '## Error codes'), 'code', 'HTTP', 'retryable', 'when');

    expect(rows.map(({ code, HTTP, retryable }) => `${code} ${HTTP} ${retryable}`).sort()).toEqual(
      Object.entries(CATALOGUE)
        .map(([code, { status, retryable }]) => `\`${code}\` ${status} ${retryable ? 'yes' : 'no'}`)
        .sort(),
    );
    expect(column(rows, 'when')).not.toContain('');
  });

  it('gives handshake refusals the statuses of their codes', () => {
    const rows = rowsUnder(sectionOf(protocol, '## Sockets and their handshake'), 'status', 'code');
    const said = rows.flatMap(({ status, code = '' }) => quotedIn(code).map((one) => `${one} ${status}`));

    expect(said).not.toEqual([]);
    expect(said).toEqual(
      rows.flatMap(({ code = '' }) => quotedIn(code).map((one) => `${one} ${STATUS_OF.get(one)}`)),
    );
  });

  const closings = sectionOf(protocol, '## Close codes');
  const ours = rowsUnder(closings, 'code', 'reason');
  const ofTheLayerBelow = rowsUnder(closings, 'code', 'when');

  it('lists exactly the close codes of the server, with their reasons', () => {
    expect(ours.map(({ code, reason }) => `${code} ${reason}`).sort()).toEqual(
      Object.values(CLOSE)
        .map(({ code, reason }) => `${code} \`${reason}\``)
        .sort(),
    );
  });

  it('lists exactly the close codes of the WebSocket layer', () => {
    const source = readFileSync(join(root, 'src/connections/connection.ts'), 'utf8');
    const known = [...source.matchAll(/WS_ERR_\w+: (\d{4})/g)].map(([, code = '']) => code);

    expect(known).not.toEqual([]);
    expect(column(ofTheLayerBelow, 'code').sort()).toEqual([...new Set(known)].sort());
  });

  it('names no close code of our ranges elsewhere that the table does not have', () => {
    const ends = /4200 to 4299|4400 to 4499/g;
    const named = protocol.replace(ends, '').match(/\b4[24]\d\d\b/g) ?? [];

    expect(column(ours, 'code')).toEqual(expect.arrayContaining(named));
  });
});

describe('docs/configuration.md', () => {
  const GOOD = { SECRET_KEY: 'aB3$ xyz 0123456789 the quick brown fox' };
  const rows = rowsUnder(configuration, 'variable', 'default', 'values', 'meaning', 'when to change it');
  const variables = rows.map(({ variable = '', default: fallback = '', values = '' }) => ({
    name: quotedIn(variable)[0] ?? '',
    /** In backticks; other text says where a value comes from. */
    fallback: /^`.*`$/.test(fallback) ? fallback.slice(1, -1) : undefined,
    values: inOneForm(values),
  }));
  const names = variables.map(({ name }) => name);
  const bounded = variables.filter(({ name }) => valuesTaken(name) !== undefined);

  it('lists exactly the variables that the server reads', () => {
    const read = new Set<string>();
    const recorder = new Proxy<Environment>(GOOD, {
      get(env, name) {
        if (typeof name !== 'string') return undefined;
        read.add(name);
        return env[name];
      },
    });
    parseSettings(recorder);

    expect([...names].sort()).toEqual([...read].sort());
  });

  it('explains each of them', () => {
    for (const text of ['meaning', 'when to change it']) expect(column(rows, text)).not.toContain('');
  });

  it.each(variables.filter(({ fallback }) => fallback !== undefined))(
    'says the default of $name',
    ({ name, fallback }) => {
      expect(parseSettings({ ...GOOD, [name]: fallback })).toEqual(parseSettings(GOOD));
    },
  );

  it('leaves out only the defaults of variables without one', () => {
    const without = variables.filter(({ fallback }) => fallback === undefined);

    expect(without.map(({ name }) => name).sort()).toEqual([
      'CORS_ORIGINS',
      'NODE_ENV',
      'NODE_NAME',
      'REDIS_URL',
      'SECRET_KEY',
      'SECRET_KEYS_OLD',
    ]);
  });

  it.each(bounded)('says which values $name may have', ({ name, values }) => {
    expect(values).toBe(valuesTaken(name));
  });

  it('is checked for every variable but those of free text', () => {
    const free = names.filter((name) => bounded.every((variable) => variable.name !== name));

    expect(free.sort()).toEqual([
      'CORS_ORIGINS',
      'DATABASE_URL',
      'HOST',
      'NODE_ENV',
      'NODE_NAME',
      'REDIS_PREFIX',
      'REDIS_URL',
      'SECRET_KEY',
      'SECRET_KEYS_OLD',
    ]);
  });

  /** What the server takes, from its own words about a value that it does not. Nothing for free text. */
  function valuesTaken(name: string): string | undefined {
    const mistake = mistakeIn({ [name]: 'no' }) ?? '';
    const taken = /^\S+ must be (?:a number from|one of) (.+), not "no"\.$/.exec(mistake)?.[1];
    return taken === undefined ? undefined : inOneForm(taken);
  }

  function mistakeIn(env: Environment): string | undefined {
    try {
      parseSettings({ ...GOOD, ...env });
    } catch (error) {
      if (error instanceof ConfigurationError) return error.mistakes[0];
      throw error;
    }
    return undefined;
  }
});

/** Choices in alphabetical order and without backticks: their order says nothing. */
function inOneForm(values: string): string {
  return values.replaceAll('`', '').split(', ').sort().join(', ');
}
