import type { Findings } from './findings.js';
import { keyOf, type Ack, type Attempt, type History } from './history.js';
import type { Stored } from './rest.js';

/** A room when everything was over: as REST tells it, and as it stands in the file. */
export interface StoredRoom {
  readonly room: number;
  readonly overRest: readonly Stored[];
  readonly inFile: readonly Stored[];
  readonly headOverRest: number;
  readonly headInFile: number;
}

/** What is known of one message from its author's side. */
interface Sent {
  readonly attempts: Attempt[];
  readonly acks: Ack[];
}

/** Holds what was sent and acknowledged against what is stored. */
export function checkLogs(history: History, rooms: readonly StoredRoom[], findings: Findings): void {
  const sent = sentOf(history);
  const stored = new Map<string, Stored>();
  for (const room of rooms) {
    checkSequence(room, findings);
    for (const message of room.inFile) checkOrigin(room.room, message, { sent, stored, findings });
    checkRealtime(history, room, findings);
  }
  for (const [key, message] of sent) checkAcks(key, message, stored.get(key), findings);
}

/** Messages of unknown outcome that did land: allowed, because a retry found them. */
export function recoveredOf(history: History): number {
  const firstAnswers = new Map<string, Ack>();
  for (const ack of history.acks) if (!firstAnswers.has(ack.key)) firstAnswers.set(ack.key, ack);
  return [...firstAnswers.values()].filter(({ isDuplicate }) => isDuplicate).length;
}

function sentOf({ attempts, acks }: History): Map<string, Sent> {
  const sent = new Map<string, Sent>();
  const of = (key: string): Sent => {
    const known = sent.get(key) ?? { attempts: [], acks: [] };
    sent.set(key, known);
    return known;
  };
  for (const attempt of attempts) of(attempt.key).attempts.push(attempt);
  for (const ack of acks) of(ack.key).acks.push(ack);
  return sent;
}

/** 1, 2, 3 and so on, the same over REST and in the file, and the head at the end. */
function checkSequence(stored: StoredRoom, findings: Findings): void {
  const { room, overRest, inFile, headOverRest, headInFile } = stored;
  for (const [index, { seq }] of inFile.entries()) {
    if (seq === index + 1) continue;
    findings.add('gap', `room ${room}: the message at place ${index + 1} has seq ${seq}`, { room, seq });
    break;
  }
  for (let index = 0; index < Math.max(overRest.length, inFile.length); index += 1) {
    const [rest, file] = [overRest[index], inFile[index]];
    if (rest && file && textOf(rest) === textOf(file) && rest.at === file.at) continue;
    const difference = `REST has ${rest ? textOf(rest) : 'nothing'}, the file ${file ? textOf(file) : 'nothing'}`;
    findings.add('divergent', `room ${room}: ${difference}`, { room, seq: (rest ?? file)?.seq });
  }
  for (const [where, head] of [
    ['REST', headOverRest],
    ['the file', headInFile],
  ] as const) {
    if (head === inFile.length) continue;
    findings.add('gap', `room ${room}: ${inFile.length} messages, but head_seq in ${where} is ${head}`, {
      room,
    });
  }
}

function checkOrigin(
  room: number,
  message: Stored,
  known: { sent: Map<string, Sent>; stored: Map<string, Stored>; findings: Findings },
): void {
  const { sent, stored, findings } = known;
  const { seq, author, clientMsgId, digest } = message;
  const key = clientMsgId === undefined ? undefined : keyOf(author, room, clientMsgId);
  const origin = key === undefined ? undefined : sent.get(key)?.attempts[0];
  const around = { room, seq, key };
  if (key === undefined || origin === undefined) {
    findings.add('phantom', `room ${room} seq ${seq} (${key ?? 'no id'}) was never sent`, around);
    return;
  }
  if (origin.digest !== digest) {
    findings.add('altered', `room ${room} seq ${seq} (${key}) is not the text that was sent`, around);
  }
  const earlier = stored.get(key);
  if (earlier) findings.add('duplicated', `${key} is stored as seq ${earlier.seq} and ${seq}`, around);
  else stored.set(key, message);
}

function checkAcks(key: string, { acks }: Sent, stored: Stored | undefined, findings: Findings): void {
  for (const { room, seq, id } of acks) {
    const around = { room, seq, key };
    if (!stored) {
      findings.add('lost', `${key} was acknowledged as seq ${seq} and is not in the log`, around);
    } else if (stored.seq !== seq || stored.id !== id) {
      const told = `acknowledged as seq ${seq}, id ${id}`;
      findings.add(
        'moved',
        `${key} was ${told}, and is stored as seq ${stored.seq}, id ${stored.id}`,
        around,
      );
    }
  }
}

interface Moment {
  readonly at: number;
  readonly seq: number;
  readonly isProof: boolean;
  readonly key: string;
}

/**
 * Whoever sends after a message was acknowledged, or seen by anybody, stands behind it. Both times are of one
 * clock, so this needs no tolerance.
 */
function checkRealtime(history: History, { room, inFile }: StoredRoom, findings: Findings): void {
  const seqOf = new Map(inFile.map((m) => [keyOf(m.author, room, m.clientMsgId ?? ''), m.seq]));
  const begun = new Set<string>();
  const moments: Moment[] = [];
  for (const { at, key, room: where } of history.attempts) {
    const seq = seqOf.get(key);
    if (where !== room || seq === undefined || begun.has(key)) continue;
    begun.add(key);
    moments.push({ at, seq, isProof: false, key });
  }
  for (const { at, key, room: where, seq } of history.acks) {
    if (where === room) moments.push({ at, seq, isProof: true, key });
  }
  for (const { room: where, seen, device } of history.subscriptions) {
    if (where !== room) continue;
    for (const { at, seq } of seen) moments.push({ at, seq, isProof: true, key: `seen by ${device}` });
  }
  moments.sort((one, other) => one.at - other.at);
  let newest: Moment | undefined;
  for (const moment of moments) {
    if (moment.isProof) {
      if (newest === undefined || moment.seq > newest.seq) newest = moment;
    } else if (newest && newest.seq > moment.seq && newest.at < moment.at) {
      const text = `${moment.key} was sent after seq ${newest.seq} was known (${newest.key}), and has seq ${moment.seq}`;
      findings.add('realtime', `room ${room}: ${text}`, { room, seq: moment.seq, key: moment.key });
    }
  }
}

/** What all views of a message have to agree on. */
export function textOf({ seq, id, author, digest }: Omit<Stored, 'at' | 'clientMsgId'>): string {
  return `seq ${seq} id ${id} author ${author} text ${digest}`;
}
