import { readFileSync } from 'node:fs';
import { messageOf } from './failure.js';
import { isFields, type Fields } from './fields.js';

interface Happened {
  /** Where it stands in the file, from 1. */
  readonly line: number;
  readonly user: string;
}

export interface Said extends Happened {
  readonly type: 'message';
  readonly content: string;
}

interface CameOrWent extends Happened {
  readonly type: 'join' | 'leave';
}

export type ConversationEvent = Said | CameOrWent;

export interface Conversation {
  readonly file: string;
  readonly events: readonly ConversationEvent[];
  /** Everybody who appears, in order of appearance. */
  readonly people: readonly string[];
  /** Those whose first event is not a `join`: they were there before the log began. */
  readonly presentAtStart: ReadonlySet<string>;
}

/** In code points; the demo starts its server with the same limits. */
export const LONGEST_MESSAGE = 4000;
const LONGEST_NAME = 64;
const MISTAKES_SHOWN = 10;

/** A file that cannot be replayed; the message names each wrong line. */
export class BadConversation extends Error {}

/**
 * Reads a file of JSON lines and checks all of it, so that nothing starts on a file that would fail midway.
 *
 * @throws BadConversation
 */
export function readConversation(file: string): Conversation {
  const events: ConversationEvent[] = [];
  const mistakes: string[] = [];
  const names = new Names();
  for (const [index, raw] of linesOf(bytesOf(file)).entries()) {
    const line = index + 1;
    try {
      const text = decode(raw, line);
      if (text.trim() === '') continue;
      const event = eventOf(text, line);
      names.take(event);
      events.push(event);
    } catch (error) {
      mistakes.push(`line ${line}: ${messageOf(error)}`);
    }
  }
  if (mistakes.length > 0) throw new BadConversation(summary(file, mistakes));
  if (events.length === 0) throw new BadConversation(`${file}: holds no event`);
  return { file, events, people: names.inOrder(), presentAtStart: presentAtStart(events) };
}

function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new BadConversation(`${file}: cannot be read: ${messageOf(error)}`);
  }
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start <= bytes.length;) {
    const end = bytes.indexOf(0x0a, start);
    lines.push(bytes.subarray(start, end === -1 ? bytes.length : end));
    start = end === -1 ? bytes.length + 1 : end + 1;
  }
  return lines;
}

/** Decoded line by line, so that broken UTF-8 is reported with its line instead of silently replaced. */
function decode(raw: Buffer, line: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: line !== 1 }).decode(raw);
  } catch {
    throw new Error('is no valid UTF-8');
  }
}

function eventOf(text: string, line: number): ConversationEvent {
  const fields = objectOf(text);
  const { type, at } = fields;
  if (typeof at !== 'string' || !/^\d\d:\d\d$/.test(at)) throw new Error('"at" must be a time as "HH:MM"');
  const user = nameOf(fields);
  if (type === 'join' || type === 'leave') return { line, type, user };
  if (type === 'message') return { line, type, user, content: contentOf(fields) };
  throw new Error(`"type" must be "message", "join" or "leave", not ${JSON.stringify(type)}`);
}

function objectOf(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`is no JSON: ${messageOf(error)}`, { cause: error });
  }
  if (!isFields(value)) throw new Error('is no JSON object');
  return value;
}

function nameOf({ user }: Fields): string {
  if (typeof user !== 'string' || user === '') throw new Error('"user" must be a name');
  if ([...user].length > LONGEST_NAME) throw new Error(`"user" is longer than ${LONGEST_NAME} characters`);
  if (/[\s\p{Cc}]/u.test(user) || !user.isWellFormed()) {
    throw new Error('"user" must be a name without white space, control characters and lone surrogates');
  }
  return user;
}

function contentOf({ content }: Fields): string {
  if (typeof content !== 'string' || content === '') throw new Error('a message needs a text as "content"');
  if ([...content].length > LONGEST_MESSAGE) {
    throw new Error(`"content" is longer than ${LONGEST_MESSAGE} characters`);
  }
  if (content.includes('\0') || !content.isWellFormed()) {
    throw new Error('"content" must be free of U+0000 and lone surrogates');
  }
  return content;
}

function presentAtStart(events: readonly ConversationEvent[]): Set<string> {
  const known = new Set<string>();
  const present = new Set<string>();
  for (const { user, type } of events) {
    if (!known.has(user) && type !== 'join') present.add(user);
    known.add(user);
  }
  return present;
}

/** Names that differ only in case, width or composition are one to the server: only one of them can sign up. */
export function foldName(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}

class Names {
  private readonly first = new Map<string, ConversationEvent>();

  take(event: ConversationEvent): void {
    const key = foldName(event.user);
    const first = this.first.get(key);
    if (!first) {
      this.first.set(key, event);
    } else if (first.user !== event.user) {
      throw new Error(
        `"${event.user}" is the same name to the server as "${first.user}" of line ${first.line}`,
      );
    }
  }

  inOrder(): string[] {
    return [...this.first.values()].map(({ user }) => user);
  }
}

function summary(file: string, mistakes: readonly string[]): string {
  const more = mistakes.length - MISTAKES_SHOWN;
  const shown = mistakes.slice(0, MISTAKES_SHOWN).map((mistake) => `  ${mistake}`);
  if (more > 0) shown.push(`  and ${more} more`);
  return `${file}: cannot be replayed\n${shown.join('\n')}`;
}
