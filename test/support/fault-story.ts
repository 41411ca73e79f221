import { check, type Verdict } from '../faults/checker.js';
import type { Finding, Violation } from '../faults/findings.js';
import { digestOf, History, keyOf, type Change, type Subscription } from '../faults/history.js';
import type { Stored } from '../faults/rest.js';

export const ROOM = 1;
export const ANN = 1;
export const BOB = 2;

/** A history made by hand. Times are what the test says; the log is what the test stores. */
export class Story {
  readonly history = new History();
  readonly log: Stored[] = [];
  head: number | undefined;
  private restLog: Stored[] | undefined;

  send(id: string, at: number, user = ANN): void {
    const key = keyOf(user, ROOM, id);
    const attempt = { at, key, user, room: ROOM, digest: digestOf(id), device: `${user}.1` };
    this.history.attempts.push({ ...attempt, door: 'socket' });
  }

  store(id: string, seq = this.log.length + 1, user = ANN): Stored {
    const message = { seq, id: 100 + seq, author: user, digest: digestOf(id), at: 5, clientMsgId: id };
    this.log.push(message);
    return message;
  }

  ack(id: string, seq: number, at: number, user = ANN, isDuplicate = false): void {
    const key = keyOf(user, ROOM, id);
    this.history.acks.push({ at, key, room: ROOM, id: 100 + seq, seq, isDuplicate });
  }

  /** Sent, stored and acknowledged, one time unit after the other. */
  said(id: string, at: number, user = ANN): void {
    this.send(id, at, user);
    this.ack(id, this.store(id, undefined, user).seq, at + 1, user);
  }

  refused(id: string, code: string, askedAt: number, at: number, user = BOB): void {
    const key = keyOf(user, ROOM, id);
    this.history.refusals.push({ at, askedAt, key, user, room: ROOM, code });
  }

  listen(at: number, after?: number, user = BOB): Subscription {
    const connection = { ...this.history.connecting(`${user}.1`, user), openedAt: at };
    this.history.connections.splice(-1, 1, connection);
    const subscription = { ...this.history.subscribing(connection, ROOM, after), askedAt: at };
    this.history.subscriptions.splice(-1, 1, subscription);
    return subscription;
  }

  /** The message of the log with this seq, as the server should tell it. */
  see(subscription: Subscription, seq: number, at: number, wrong: Partial<Stored> = {}): void {
    const stored = this.log.find((message) => message.seq === seq);
    const { id, author, digest, clientMsgId } = { ...(stored ?? made(seq)), ...wrong };
    const own = author === subscription.user ? clientMsgId : undefined;
    subscription.seen.push({ at, seq, id, author, digest, clientMsgId: own, isLive: true });
  }

  change(kind: Change['kind'], askedAt: number, endedAt: number, outcome: Change['outcome'] = 'done'): void {
    this.history.changes.push({ kind, user: BOB, room: ROOM, how: kind, askedAt, endedAt, outcome });
  }

  overRest(log: Stored[]): void {
    this.restLog = log;
  }

  judge(): Verdict {
    const head = this.head ?? this.log.length;
    const rooms = [
      {
        room: ROOM,
        overRest: this.restLog ?? this.log,
        inFile: this.log,
        headOverRest: head,
        headInFile: head,
      },
    ];
    return check(this.history, rooms);
  }

  /** The kinds of what was found. */
  get found(): Violation[] {
    return this.judge().findings.kinds;
  }

  of(kind: Violation): Finding[] {
    return this.judge().findings.of(kind);
  }
}

function made(seq: number): Stored {
  return { seq, id: 100 + seq, author: ANN, digest: digestOf('made up'), at: 5, clientMsgId: undefined };
}

/** Three messages, one listener who has them all. */
export function quiet(): { story: Story; bob: Subscription } {
  const story = new Story();
  const bob = story.listen(1, 0);
  bob.caughtUpAt = 2;
  for (const [index, id] of ['a', 'b', 'c'].entries()) {
    story.said(id, 10 * (index + 1));
    story.see(bob, index + 1, 10 * (index + 1) + 1);
  }
  return { story, bob };
}
