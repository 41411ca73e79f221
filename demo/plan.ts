import type { Conversation, ConversationEvent, Said } from './conversation.js';

/** What one person does. `drop` and `resume` are the two ends of a lost connection. */
export type Step =
  | Said
  | { readonly type: 'join' | 'leave' | 'drop' | 'resume'; readonly user: string; readonly line: number };

export interface Plan {
  readonly steps: readonly Step[];
  /** Joins that the log forgot: somebody spoke after they had left. */
  readonly impliedJoins: number;
  /** Leaves of somebody who had left already. */
  readonly ignoredLeaves: number;
}

/**
 * How many steps before the repeated `join` the connection is lost, in turn. The log only says when people
 * came back. These make a catch-up of nothing, of a few messages, of most of a page, and of several pages.
 */
const STEPS_AWAY = [0, 5, 40, 150];

/** Turns what the file says into what the clients do, in the same order. */
export function planOf({ events, presentAtStart }: Conversation): Plan {
  return new Planner(presentAtStart).plan(events);
}

class Planner {
  private readonly steps: Step[] = [];
  /** Steps that go in front of the step with that index. */
  private readonly drops = new Map<number, Step[]>();
  private readonly here: Set<string>;
  /** The index of each person's latest step: a connection cannot be lost before it. */
  private readonly latest = new Map<string, number>();
  private reconnects = 0;
  private impliedJoins = 0;
  private ignoredLeaves = 0;

  constructor(presentAtStart: ReadonlySet<string>) {
    this.here = new Set(presentAtStart);
  }

  plan(events: readonly ConversationEvent[]): Plan {
    for (const event of events) this.take(event);
    const steps = this.steps.flatMap((step, index) => [...(this.drops.get(index) ?? []), step]);
    return { steps, impliedJoins: this.impliedJoins, ignoredLeaves: this.ignoredLeaves };
  }

  private take(event: ConversationEvent): void {
    const { user, line } = event;
    const here = this.here.has(user);
    switch (event.type) {
      case 'join':
        if (here) this.reconnect(user, line);
        else this.add({ type: 'join', user, line });
        break;
      case 'leave':
        if (here) this.add({ type: 'leave', user, line });
        else this.ignoredLeaves += 1;
        break;
      case 'message':
        if (!here) {
          this.add({ type: 'join', user, line });
          this.impliedJoins += 1;
        }
        this.add(event);
    }
  }

  private reconnect(user: string, line: number): void {
    const away = STEPS_AWAY[this.reconnects % STEPS_AWAY.length] ?? 0;
    const lostAt = Math.max((this.latest.get(user) ?? -1) + 1, this.steps.length - away);
    this.reconnects += 1;
    this.drops.set(lostAt, [...(this.drops.get(lostAt) ?? []), { type: 'drop', user, line }]);
    this.add({ type: 'resume', user, line });
  }

  private add(step: Step): void {
    if (step.type === 'join') this.here.add(step.user);
    if (step.type === 'leave') this.here.delete(step.user);
    this.latest.set(step.user, this.steps.length);
    this.steps.push(step);
  }
}
