import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { ConfigurationError } from './env-reader.js';
import type { JwtAlgorithm } from './settings.js';

/** RFC 7518, 3.2: an HMAC key is at least as long as the hash's output. In bytes. */
const SHORTEST_KEY: Record<JwtAlgorithm, number> = { HS256: 32, HS384: 48, HS512: 64 };

/** Keys that stand in tutorials and templates, and so in every attacker's list. Compared without case. */
const WELL_KNOWN = [
  '09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7',
  'a-string-secret-at-least-256-bits-long',
  'your-256-bit-secret',
  'your-384-bit-secret',
  'your-512-bit-secret',
  'your_super_secret_jwt_key_change_in_production',
];
const WELL_KNOWN_PART =
  /change[-_ ]?(me|this|it)|your[-_ ]?(super[-_ ]?)?secret|secret[-_ ]?key[-_ ]?here|replace[-_ ]?me/i;
/** The rights of the group and of everybody else. */
const OTHERS = 0o077;
const FEWEST_DISTINCT_CHARACTERS = 8;

/** Says what is wrong with a key that an operator chose, or nothing. */
export function weaknessOf(key: string, algorithm: JwtAlgorithm): string | undefined {
  const bytes = Buffer.byteLength(key);
  if (bytes < SHORTEST_KEY[algorithm]) {
    return `SECRET_KEY is ${bytes} bytes long; ${algorithm} needs at least ${SHORTEST_KEY[algorithm]}.`;
  }
  if (WELL_KNOWN.includes(key.toLowerCase()) || WELL_KNOWN_PART.test(key)) {
    return 'SECRET_KEY is a well-known example; make one of your own, for instance with "openssl rand -base64 48".';
  }
  if (new Set(key).size < FEWEST_DISTINCT_CHARACTERS) {
    return 'SECRET_KEY repeats the same few characters; make one with "openssl rand -base64 48".';
  }
  return undefined;
}

/**
 * The key kept in `file`, made at the first start: 64 random bytes that only the owner can read. Two
 * processes that start at once agree, because a link appears whole or not at all.
 *
 * @throws ConfigurationError when the file holds a weak key, or others may read it
 */
export function keptKey(file: string, algorithm: JwtAlgorithm): string {
  if (read(file) === undefined) make(file);
  const key = read(file) ?? '';
  const weakness = weaknessOf(key, algorithm);
  const mistakes = weakness === undefined ? [] : [`${file}: ${weakness}`];
  if ((statSync(file).mode & OTHERS) !== 0) {
    mistakes.push(`${file} can be read by others than its owner; run "chmod 600" on it.`);
  }
  if (mistakes.length > 0) throw new ConfigurationError(mistakes);
  return key;
}

function make(file: string): void {
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const key = `${randomBytes(64).toString('base64url')}\n`;
  writeFileSync(draft, key, { mode: 0o600, flag: 'wx', flush: true });
  try {
    linkSync(draft, file);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    unlinkSync(draft);
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
