import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
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

/** Keys that tokens were signed with before: a few, so that one that leaked is not believed for ever. */
export const MAX_OLD_KEYS = 3;

/** The first signs; the others are believed only. */
export type SecretKeys = readonly [string, ...string[]];

/** Says what is wrong with a key that an operator chose, or nothing. */
export function weaknessOf(name: string, key: string, algorithm: JwtAlgorithm): string | undefined {
  const bytes = Buffer.byteLength(key);
  if (bytes < SHORTEST_KEY[algorithm]) {
    return `${name} is ${bytes} bytes long; ${algorithm} needs at least ${SHORTEST_KEY[algorithm]}.`;
  }
  if (WELL_KNOWN.includes(key.toLowerCase()) || WELL_KNOWN_PART.test(key)) {
    return `${name} is a well-known example; make one of your own, for instance with "openssl rand -base64 48".`;
  }
  if (new Set(key).size < FEWEST_DISTINCT_CHARACTERS) {
    return `${name} repeats the same few characters; make one with "openssl rand -base64 48".`;
  }
  return undefined;
}

/**
 * The keys kept in `file`, one in a line, the newest first. The first is made at the first start: 64 random bytes
 * that only the owner can read. Two processes that start at once agree, because a link appears whole or not at all.
 *
 * @throws ConfigurationError when the file holds a weak key, or too many, or others may read it
 */
export function keptKeys(file: string, algorithm: JwtAlgorithm): SecretKeys {
  if (read(file) === undefined) make(file);
  const [newest = '', ...old] = linesOf(read(file) ?? '');
  const mistakes = [newest, ...old].flatMap(
    (key, index) => weaknessOf(`${file}: the key in line ${index + 1}`, key, algorithm) ?? [],
  );
  if (old.length > MAX_OLD_KEYS) mistakes.push(`${file} holds more than ${1 + MAX_OLD_KEYS} keys.`);
  if ((statSync(file).mode & OTHERS) !== 0) {
    mistakes.push(`${file} can be read by others than its owner; run "chmod 600" on it.`);
  }
  if (mistakes.length > 0) throw new ConfigurationError(mistakes);
  return [newest, ...old];
}

/**
 * Puts a new key before those in `file`, and forgets the oldest when there are too many. The server signs with it
 * from its next start on. Whoever reads the file meanwhile sees the old one or the new one, never half of it.
 */
export function rotateKey(file: string, algorithm: JwtAlgorithm): SecretKeys {
  const keys: SecretKeys = [newKey(), ...keptKeys(file, algorithm).slice(0, MAX_OLD_KEYS)];
  renameSync(draftOf(file, keys), file);
  // A new key that is lost with the power would take the tokens with it that it has signed by then.
  const folder = openSync(dirname(file), 'r');
  fsyncSync(folder);
  closeSync(folder);
  return keys;
}

function newKey(): string {
  return randomBytes(64).toString('base64url');
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function make(file: string): void {
  const draft = draftOf(file, [newKey()]);
  try {
    linkSync(draft, file);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    unlinkSync(draft);
  }
}

/** The keys in a file of another name, on the disk and for its owner only. */
function draftOf(file: string, keys: readonly string[]): string {
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, `${keys.join('\n')}\n`, { mode: 0o600, flag: 'wx', flush: true });
  return draft;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
