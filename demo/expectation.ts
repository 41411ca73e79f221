import type { Conversation, Said } from './conversation.js';

/** Messages that come along when somebody joins. */
const HISTORY = 50;

/** One stay in the room, as the file tells it. The messages are those with `first` <= seq <= `last`. */
export interface ExpectedVisit {
  readonly first: number;
  /** The newest message when they came: up to here it is history, after it live. */
  readonly head: number;
  readonly last: number;
}

export interface Expectation {
  /** The message with `seq` n is the n-th. */
  readonly messages: readonly Said[];
  readonly visits: ReadonlyMap<string, readonly ExpectedVisit[]>;
  readonly joins: number;
  readonly leaves: number;
  readonly reconnects: number;
}

interface OpenVisit {
  readonly head: number;
}

/**
 * What everybody must see, computed from the file alone: neither the plan of the replay nor anything that
 * the server said has a part in it.
 *
 * A visit begins with a `join`, or with the log for those who were there already. It shows the last 50 messages
 * before it, then all that is said until the `leave` or the end. A repeated `join` changes nothing: who
 * reconnects sees each message once. Between a `leave` and the next `join` nothing is seen.
 */
export function expectationOf({ events, people, presentAtStart }: Conversation): Expectation {
  const messages: Said[] = [];
  const visits = new Map<string, ExpectedVisit[]>(people.map((name) => [name, []]));
  const open = new Map<string, OpenVisit>([...presentAtStart].map((name) => [name, { head: 0 }]));
  const counts = { joins: 0, leaves: 0, reconnects: 0 };

  const arrive = (name: string): void => {
    open.set(name, { head: messages.length });
    counts.joins += 1;
  };
  const depart = (name: string, { head }: OpenVisit): void => {
    visits.get(name)?.push({ first: Math.max(1, head - HISTORY + 1), head, last: messages.length });
    open.delete(name);
  };

  for (const event of events) {
    const visit = open.get(event.user);
    if (event.type === 'leave') {
      if (!visit) continue;
      depart(event.user, visit);
      counts.leaves += 1;
    } else {
      if (!visit) arrive(event.user);
      else if (event.type === 'join') counts.reconnects += 1;
      if (event.type === 'message') messages.push(event);
    }
  }
  for (const [name, visit] of open) depart(name, visit);
  return { messages, visits, ...counts };
}
