import { createHash } from 'node:crypto';

/**
 * What happened, as the clients know it. The checker reads nothing else but this and the stored log. All
 * times are milliseconds of one `performance.now()`, so "before" means before.
 */
export type Door = 'socket' | 'rest';

/** One try to send a message. A message has one key, and as many attempts as it needs. */
export interface Attempt {
  readonly at: number;
  readonly key: string;
  readonly user: number;
  readonly room: number;
  readonly digest: string;
  readonly device: string;
  readonly door: Door;
}

export interface Ack {
  readonly at: number;
  readonly key: string;
  readonly room: number;
  readonly id: number;
  readonly seq: number;
  readonly isDuplicate: boolean;
}

/** An answer that says no. Those that may be retried are counted, not kept. */
export interface Refusal {
  readonly at: number;
  readonly askedAt: number;
  readonly key: string;
  readonly user: number;
  readonly room: number;
  readonly code: string;
}

/** A message as a client got it. */
export interface Seen {
  readonly at: number;
  readonly seq: number;
  readonly id: number;
  readonly author: number;
  readonly digest: string;
  /** Given by the server to the author only. */
  readonly clientMsgId: string | undefined;
  /** In a `message` frame; otherwise in a page of history. */
  readonly isLive: boolean;
}

export interface Ask {
  readonly what: string;
  readonly at: number;
  answeredAt: number | undefined;
}

/** One socket, from the first try to open it. */
export interface Connection {
  readonly id: number;
  readonly device: string;
  readonly user: number;
  readonly openedAt: number;
  readonly asks: Ask[];
  closedAt: number | undefined;
  code: number | undefined;
}

/** A device listens to a room, from the moment it asks to. */
export interface Subscription {
  readonly device: string;
  readonly user: number;
  readonly room: number;
  readonly connection: Connection;
  readonly askedAt: number;
  /** The place to resume from, if the device had one. */
  readonly after: number | undefined;
  readonly seen: Seen[];
  /** `gap` notices: how much was seen before, and the place that the server did not know. */
  readonly gaps: { readonly at: number; readonly seenBefore: number; readonly after: number }[];
  /** The last page of history has come. */
  caughtUpAt: number | undefined;
  /** The server said that nothing more will come. */
  endedAt: number | undefined;
}

/** Something that begins or ends a membership. A kick and a ban are leaves. */
export interface Change {
  readonly kind: 'join' | 'leave';
  readonly user: number;
  readonly room: number;
  readonly how: string;
  readonly askedAt: number;
  /** When the answer came, or when the client gave up waiting for it. */
  endedAt: number | undefined;
  /** `refused`: nothing has changed. `unknown`: nobody can say. */
  outcome: 'done' | 'refused' | 'unknown';
}

/** A frame of a room that the socket does not listen to. */
export interface Stray {
  readonly at: number;
  readonly device: string;
  readonly user: number;
  readonly room: number;
  readonly seq: number;
}

/** A try to read the log over REST by somebody who is out. */
export interface Peek {
  readonly at: number;
  readonly askedAt: number;
  readonly user: number;
  readonly room: number;
  readonly messages: number;
}

/** Something that is wrong by itself, whatever else happened. */
export interface Fault {
  readonly at: number;
  readonly kind: 'malformed' | 'server' | 'internal' | 'unsettled' | 'memory';
  readonly text: string;
}

export class History {
  readonly attempts: Attempt[] = [];
  readonly acks: Ack[] = [];
  readonly refusals: Refusal[] = [];
  readonly connections: Connection[] = [];
  readonly subscriptions: Subscription[] = [];
  readonly changes: Change[] = [];
  readonly strays: Stray[] = [];
  readonly peeks: Peek[] = [];
  readonly faults: Fault[] = [];
  /** Each start of the server that succeeded: what was under way before it can have no effect after it. */
  readonly starts: number[] = [];
  /**
   * With several nodes: times in which one of them may have ended a membership and not have been able to tell
   * the others, which find out by themselves some seconds later.
   */
  readonly partitions: { readonly from: number; readonly to: number }[] = [];
  /** From here on nothing was sent any more, and everybody was connected and up to date. */
  settledAt: number | undefined;

  now(): number {
    return performance.now();
  }

  /** Nothing can be said of leaves that were under way between the two. */
  partitioned(from: number, to: number): void {
    this.partitions.push({ from, to });
  }

  connecting(device: string, user: number): Connection {
    const connection = {
      id: this.connections.length + 1,
      device,
      user,
      openedAt: this.now(),
      asks: [],
      closedAt: undefined,
      code: undefined,
    };
    this.connections.push(connection);
    return connection;
  }

  subscribing(connection: Connection, room: number, after: number | undefined): Subscription {
    const { device, user } = connection;
    const askedAt = this.now();
    const rest = { seen: [], gaps: [], caughtUpAt: undefined, endedAt: undefined };
    const subscription = { device, user, room, connection, askedAt, after, ...rest };
    this.subscriptions.push(subscription);
    return subscription;
  }

  changing(kind: 'join' | 'leave', user: number, room: number, how: string): Change {
    const askedAt = this.now();
    const change: Change = { kind, user, room, how, askedAt, endedAt: undefined, outcome: 'unknown' };
    this.changes.push(change);
    return change;
  }

  changed(change: Change, outcome: Change['outcome']): void {
    change.endedAt = this.now();
    change.outcome = outcome;
  }

  fault(kind: Fault['kind'], text: string): void {
    this.faults.push({ at: this.now(), kind, text });
  }

  /** One JSON object a line, to be read with other tools after a violation. */
  *lines(): Generator<string> {
    const kinds = {
      attempt: this.attempts,
      ack: this.acks,
      refusal: this.refusals,
      change: this.changes,
      stray: this.strays,
      peek: this.peeks,
      fault: this.faults,
      connection: this.connections,
    };
    for (const [kind, list] of Object.entries(kinds)) {
      for (const entry of list) yield JSON.stringify({ kind, ...entry });
    }
    for (const span of this.partitions) yield JSON.stringify({ kind: 'partition', ...span });
    for (const at of this.starts) yield JSON.stringify({ kind: 'start', at });
    for (const { connection, seen, ...facts } of this.subscriptions) {
      yield JSON.stringify({ kind: 'subscription', connection: connection.id, ...facts, seen });
    }
  }
}

/** `client_msg_id` is unique for one user in one room only; this names a message in the whole run. */
export function keyOf(user: number, room: number, clientMsgId: string): string {
  return `${user}/${room}/${clientMsgId}`;
}

const known = new Map<string, string>();

/** A text in 48 bits. The same text always is the same string in memory: a run keeps millions of them. */
export function digestOf(content: string): string {
  const digest = createHash('sha1').update(content).digest('base64').slice(0, 8);
  const same = known.get(digest);
  if (same !== undefined) return same;
  known.set(digest, digest);
  return digest;
}
