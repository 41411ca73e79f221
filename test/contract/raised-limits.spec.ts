import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { parseSettings } from '../../src/config/parse-settings.js';
import type { Limits, Rate } from '../../src/config/settings.js';

const root = join(import.meta.dirname, '../..');
const raised = parseEnv(readFileSync(join(root, 'scripts/raised-limits.env'), 'utf8'));

/** These bound a size and not what people do: who needs more of them says how much. */
const SIZES = new Set<keyof Limits>(['messageLength', 'frameBytes', 'bodyBytes', 'waitingBytes']);
const NO_LIMIT = 1_000_000;

describe('scripts/raised-limits.env', () => {
  it('raises every limit of what people do, and nothing else', () => {
    const env = { SECRET_KEY: randomBytes(48).toString('base64url'), DATABASE_URL: 'sqlite:///./no.db' };
    const before = parseSettings(env);
    const { limits, ...others } = parseSettings({ ...env, ...raised });

    const all = Object.entries<number | Rate>({ ...limits });
    const lower = all.filter(([name, limit]) => !isSize(name) && !isNone(limit));
    expect(lower).toEqual([]);
    expect({ ...others, limits: before.limits }).toEqual({ ...before });
    for (const size of SIZES) expect(limits[size]).toEqual(before.limits[size]);
  });

  it.each(['bench/parlor.ts', 'demo/server.ts', 'test/faults/server.ts'])('is the list of %s', (file) => {
    const source = readFileSync(join(root, file), 'utf8');

    expect(source).toContain('/scripts/raised-limits.env');
    expect(source).not.toMatch(/\b\w+_(PER_SECOND|BURST)\b/);
  });
});

function isSize(name: string): boolean {
  return [...SIZES].some((size) => size === name);
}

function isNone(limit: number | Rate): boolean {
  return typeof limit === 'number'
    ? limit === NO_LIMIT
    : limit.perSecond === NO_LIMIT && limit.burst === NO_LIMIT;
}
