import { textOf, type StoredRoom } from './check-log.js';
import type { Findings } from './findings.js';
import type { History, Seen, Subscription } from './history.js';

/** Holds what every device saw against the log, and against itself. */
export function checkViews(history: History, rooms: readonly StoredRoom[], findings: Findings): void {
  const logs = new Map(rooms.map((room) => [room.room, room]));
  for (const subscription of history.subscriptions) {
    const log = logs.get(subscription.room);
    checkOrder(subscription, findings);
    if (log) checkAgreement(subscription, log, findings);
    for (const gap of subscription.gaps) checkGap(subscription, gap.after, log, findings);
  }
  for (const subscriptions of viewsOf(history)) checkView(subscriptions, findings);
  checkFreshness(history, logs, findings);
}

/** The subscriptions of one device to one room, in the order in which they began. */
function viewsOf({ subscriptions }: History): Iterable<Subscription[]> {
  const views = new Map<string, Subscription[]>();
  for (const subscription of subscriptions) {
    const key = `${subscription.device} ${subscription.room}`;
    const view = views.get(key);
    if (view) view.push(subscription);
    else views.set(key, [subscription]);
  }
  return views.values();
}

/** Within one subscription every seq is above the one before, and above the place that was asked for. */
function checkOrder({ device, room, after, seen, gaps }: Subscription, findings: Findings): void {
  const had = new Set<number>();
  let newest = after ?? 0;
  for (const [index, { seq }] of seen.entries()) {
    if (gaps.some(({ seenBefore }) => seenBefore === index)) newest = 0;
    const text = `${device} in room ${room}: seq ${seq} after ${newest}`;
    if (had.has(seq) || seq === newest) findings.add('redelivered', text, { room, seq });
    else if (seq < newest) findings.add('nonmonotonic', text, { room, seq });
    had.add(seq);
    newest = Math.max(newest, seq);
  }
}

function checkAgreement(
  { device, room, seen, user }: Subscription,
  { inFile }: StoredRoom,
  findings: Findings,
): void {
  for (const view of seen) {
    const { seq } = view;
    const stored = inFile[seq - 1];
    const around = { room, seq };
    if (!stored) {
      findings.add('lost', `room ${room} seq ${seq} was seen by ${device} and is not in the log`, around);
      continue;
    }
    const expectedId = stored.author === user ? stored.clientMsgId : undefined;
    if (textOf(view) === textOf(stored) && view.clientMsgId === expectedId) continue;
    const both = `${device} saw ${textOf(view)} (${view.clientMsgId}), the log has ${textOf(stored)} (${expectedId})`;
    findings.add('divergent', `room ${room}: ${both}`, around);
  }
}

/** Nothing was ever taken from the log, so every place that a client has is in it. */
function checkGap(
  { device, room }: Subscription,
  after: number,
  log: StoredRoom | undefined,
  findings: Findings,
): void {
  if (log && after > log.inFile.length) return;
  findings.add('needless', `${device} was told that seq ${after} of room ${room} is not in the log`, {
    room,
    seq: after,
  });
}

/**
 * From the first message to the last one run without holes, over all reconnects. A view begins anew where
 * the device asked without a place, or was told of a gap.
 */
function checkView(subscriptions: Subscription[], findings: Findings): void {
  let last: number | undefined;
  for (const { device, room, after, seen, gaps } of subscriptions) {
    if (after === undefined) last = undefined;
    else last ??= after;
    for (const [index, { seq, isLive }] of seen.entries()) {
      if (gaps.some(({ seenBefore }) => seenBefore === index)) last = undefined;
      if (last !== undefined && seq > last + 1) {
        const how = isLive ? 'live' : 'by catch-up';
        const text = `${device} in room ${room} saw ${last}, then ${seq} ${how}, never what is between`;
        findings.add('skip', text, { room, seq: last + 1 });
      }
      last = Math.max(last ?? 0, seq);
    }
  }
}

interface Known {
  readonly at: number;
  readonly seq: number;
}

/**
 * What was acknowledged, or seen by anybody, before a device asked to resume has come when its last page
 * has. And whoever still listened when all was quiet has everything.
 */
function checkFreshness(history: History, logs: Map<number, StoredRoom>, findings: Findings): void {
  const known = new Map([...logs.keys()].map((room) => [room, knownIn(history, room)]));
  for (const subscription of history.subscriptions) {
    const { device, room, askedAt, caughtUpAt, after, seen, connection, endedAt } = subscription;
    if (caughtUpAt !== undefined) {
      const needed = newestBefore(known.get(room) ?? [], askedAt);
      const got = newestOf(seen, after, caughtUpAt);
      if (got < needed) {
        const text = `${device} asked for room ${room} when seq ${needed} was known, and was up to date with ${got}`;
        findings.add('stale', text, { room, seq: needed });
      }
    }
    const { settledAt } = history;
    if (settledAt === undefined || endedAt !== undefined || (connection.closedAt ?? Infinity) < settledAt)
      continue;
    if (isReplaced(history, subscription)) continue;
    const head = logs.get(room)?.inFile.length ?? 0;
    const got = newestOf(seen, after, Infinity);
    if (got >= head) continue;
    findings.add('stale', `${device} still listened to room ${room} at the end and has ${got} of ${head}`, {
      room,
      seq: got + 1,
    });
  }
}

/** A later `join_room` on the same socket took its place, or it was never granted. */
function isReplaced({ subscriptions }: History, one: Subscription): boolean {
  if (one.caughtUpAt === undefined && one.seen.length === 0) return true;
  return subscriptions.some(
    (other) => other.connection === one.connection && other.room === one.room && other.askedAt > one.askedAt,
  );
}

/** Everything that somebody knew of, in the order of time, with the newest seq so far. */
function knownIn({ acks, subscriptions }: History, room: number): Known[] {
  const all: Known[] = acks.filter((ack) => ack.room === room).map(({ at, seq }) => ({ at, seq }));
  for (const subscription of subscriptions) {
    if (subscription.room === room) for (const { at, seq } of subscription.seen) all.push({ at, seq });
  }
  all.sort((one, other) => one.at - other.at);
  let newest = 0;
  return all.map(({ at, seq }) => ({ at, seq: (newest = Math.max(newest, seq)) }));
}

function newestBefore(known: readonly Known[], time: number): number {
  let [low, high] = [0, known.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((known[middle]?.at ?? Infinity) < time) low = middle + 1;
    else high = middle;
  }
  return known[low - 1]?.seq ?? 0;
}

function newestOf(seen: readonly Seen[], after: number | undefined, until: number): number {
  return seen.reduce((newest, { at, seq }) => (at <= until ? Math.max(newest, seq) : newest), after ?? 0);
}
