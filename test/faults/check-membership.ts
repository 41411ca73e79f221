import type { Findings } from './findings.js';
import type { Change, History } from './history.js';

interface Span {
  readonly from: number;
  readonly to: number;
}

export interface MembershipCounts {
  /** Absences in which nothing was on its way that could have ended them. */
  readonly judged: number;
  /** Absences about which nothing can be said. */
  readonly unclear: number;
}

/** What a client gave up waiting for may still happen: the server was paused, or waited for a lock. */
const STILL_POSSIBLE_MS = 10_000;
const OUT_CODES = new Set(['not_a_member', 'banned', 'not_in_room']);

/** Whoever is out hears, reads and writes nothing; whoever is in is not refused. */
export function checkMemberships(history: History, findings: Findings): MembershipCounts {
  const counts = { judged: 0, unclear: 0 };
  for (const { at, device, room, seq } of history.strays) {
    findings.add('leak', `${device} got seq ${seq} of room ${room}, to which it does not listen, at ${at}`, {
      room,
      seq,
    });
  }
  for (const { device, room, endedAt, seen } of history.subscriptions) {
    const later = endedAt === undefined ? undefined : seen.find(({ at }) => at > endedAt);
    if (later)
      findings.add('leak', `${device} got seq ${later.seq} of room ${room} after it had ended`, {
        room,
        seq: later.seq,
      });
  }
  const byMember = changesOf(history);
  for (const changes of byMember.values()) {
    for (const leave of changes.filter(({ kind, outcome }) => kind === 'leave' && outcome === 'done')) {
      const absence = absenceAfter(leave, changes, history);
      if (absence) {
        counts.judged += 1;
        checkAbsence(history, leave, absence, findings);
      } else {
        counts.unclear += 1;
      }
    }
  }
  checkRefusals(history, byMember, findings);
  return counts;
}

function memberOf({ user, room }: { user: number; room: number }): string {
  return `${user}/${room}`;
}

function changesOf({ changes }: History): Map<string, Change[]> {
  const byMember = new Map<string, Change[]>();
  for (const change of changes) {
    const list = byMember.get(memberOf(change));
    if (list) list.push(change);
    else byMember.set(memberOf(change), [change]);
  }
  return byMember;
}

/** From when on a change can have no effect any more. */
function overAt({ outcome, endedAt }: Change, { starts }: History): number {
  if (endedAt === undefined) return Infinity;
  if (outcome !== 'unknown') return endedAt;
  const restart = starts.find((start) => start > endedAt);
  return Math.min(restart ?? Infinity, endedAt + STILL_POSSIBLE_MS);
}

/** The node that ended the membership may not have been able to say so to the others at once. */
function isUntold({ askedAt }: Change, endedAt: number, { partitions }: History): boolean {
  return partitions.some(({ from, to }) => askedAt <= to && endedAt >= from);
}

/** The time in which the user is certainly out: nothing that was under way could have let them in. */
function absenceAfter(leave: Change, changes: readonly Change[], history: History): Span | undefined {
  const from = leave.endedAt ?? Infinity;
  const joins = changes.filter(({ kind, outcome }) => kind === 'join' && outcome !== 'refused');
  const underWay = joins.some((join) => join.askedAt < from && overAt(join, history) > leave.askedAt);
  if (underWay || isUntold(leave, from, history)) return undefined;
  const next = joins.filter(({ askedAt }) => askedAt >= from).map(({ askedAt }) => askedAt);
  return { from, to: Math.min(...next, Infinity) };
}

function checkAbsence(
  history: History,
  { user, room, how }: Change,
  { from, to }: Span,
  findings: Findings,
): void {
  const during = (at: number): boolean => at > from && at < to;
  const who = `user ${user}, out of room ${room} by ${how} from ${Math.round(from)} to ${Math.round(to)} ms,`;
  const sentAt = new Map<string, number>();
  for (const { room: where, user: whose, device, seen } of history.subscriptions) {
    if (where !== room || whose !== user) continue;
    for (const { at, seq } of seen) {
      if (!during(at)) continue;
      if (sentAt.size === 0) for (const [key, time] of firstKnown(history, room)) sentAt.set(key, time);
      const sent = sentAt.get(String(seq));
      if (sent === undefined || sent <= from) continue;
      findings.add('leak', `${who} got seq ${seq} on ${device}, which was sent after that`, { room, seq });
    }
  }
  for (const { user: whose, room: where, at, askedAt, messages } of history.peeks) {
    if (whose !== user || where !== room || askedAt <= from || at >= to) continue;
    findings.add('leak', `${who} read ${messages} messages over REST`, { room });
  }
  const acked = new Map(history.acks.filter((ack) => ack.room === room).map((ack) => [ack.key, ack]));
  for (const { key, user: whose, room: where, at } of history.attempts) {
    if (whose !== user || where !== room || !during(at)) continue;
    const ack = acked.get(key);
    if (ack && ack.at < to && ack.at > at)
      findings.add('leak', `${who} sent ${key}`, { room, seq: ack.seq, key });
  }
}

/** When each message of a room was first sent, by its seq. */
function firstKnown({ attempts, acks }: History, room: number): Map<string, number> {
  const first = new Map<string, number>();
  for (const { key, at } of attempts) if (!first.has(key)) first.set(key, at);
  return new Map(
    acks.filter((ack) => ack.room === room).map(({ key, seq }) => [String(seq), first.get(key) ?? 0]),
  );
}

/** A message may be refused for good only while its author may have been out. */
function checkRefusals(history: History, byMember: Map<string, Change[]>, findings: Findings): void {
  for (const refusal of history.refusals) {
    const { key, room, code, askedAt, at } = refusal;
    const changes = byMember.get(memberOf(refusal)) ?? [];
    const leaves = changes.filter(({ kind, outcome }) => kind === 'leave' && outcome !== 'refused');
    const mayBeOut = leaves.some((leave) => {
      const over = overAt(leave, history);
      const back = changes.filter(({ kind, outcome, askedAt: asked }) => {
        return kind === 'join' && outcome === 'done' && asked >= over;
      });
      const until = Math.min(...back.map(({ endedAt }) => endedAt ?? Infinity), Infinity);
      return leave.askedAt < at && askedAt < until;
    });
    if (mayBeOut && OUT_CODES.has(code)) continue;
    findings.add('refused', `${key} was refused with ${code}, although its author was a member`, {
      room,
      key,
    });
  }
}
