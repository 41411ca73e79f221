import type { ChatMessage } from './chat-message.js';
import type { Expectation, ExpectedVisit } from './expectation.js';
import type { Person, Visit } from './person.js';
import type { Outcome } from './replay.js';
import { Differences, StreamCheck, type Truth } from './stream-check.js';

export interface Verdict {
  readonly differences: Differences;
  /** Messages received by sockets and compared with the file, one by one. */
  readonly deliveries: number;
  /** Of those: live, and in the history on joining; the rest came in a catch-up after a lost connection. */
  readonly live: number;
  readonly onJoining: number;
  readonly stored: number;
}

/** Compares what people saw and what REST returns with what the file says. */
export function verify(expected: Expectation, outcome: Outcome, log: readonly ChatMessage[]): Verdict {
  const verification = new Verification(expected, outcome);
  verification.checkReceipts();
  verification.checkLog(log);
  verification.checkPerson(outcome.operator, [{ first: 1, head: 0, last: expected.messages.length }]);
  for (const [name, visits] of expected.visits) {
    const person = outcome.people.get(name);
    if (person) verification.checkPerson(person, visits);
    else verification.differences.add(`${name}: was never there`);
  }
  return verification.verdict(log.length);
}

class Verification {
  readonly differences = new Differences();
  private readonly truth: Truth[];
  private deliveries = 0;
  private live = 0;
  private onJoining = 0;

  constructor(
    { messages }: Expectation,
    private readonly outcome: Outcome,
  ) {
    this.truth = messages.map(({ user, content, line }, index) => ({
      seq: index + 1,
      id: outcome.receipts[index]?.id,
      userId: outcome.people.get(user)?.account.userId,
      username: user,
      content,
      line,
    }));
  }

  checkReceipts(): void {
    for (const { seq, line } of this.truth) {
      const acked = this.outcome.receipts[seq - 1]?.seq;
      if (acked !== seq) this.differences.add(`line ${line}: acknowledged as seq ${acked}, expected ${seq}`);
    }
  }

  checkLog(log: readonly ChatMessage[]): void {
    new StreamCheck('REST history', this.truth, this.differences).run(log, {
      first: 1,
      last: this.truth.length,
    });
  }

  checkPerson(person: Person, expected: readonly ExpectedVisit[]): void {
    const { name } = person.account;
    for (const complaint of person.complaints) this.differences.add(`${name}: ${complaint}`);
    for (const { seq, via } of person.strays) {
      this.differences.add(`${name}: got seq ${seq} (${via}) while not in the room`);
    }
    if (person.visits.length !== expected.length) {
      this.differences.add(
        `${name}: was in the room ${person.visits.length} times, expected ${expected.length}`,
      );
    }
    for (const [index, visit] of expected.entries()) {
      const actual = person.visits[index];
      const who = expected.length === 1 ? name : `${name}, visit ${index + 1}`;
      if (actual) this.checkVisit(who, actual, visit);
    }
  }

  verdict(stored: number): Verdict {
    const { differences, deliveries, live, onJoining } = this;
    return { differences, deliveries, live, onJoining, stored };
  }

  private checkVisit(who: string, { head, seen, resumes }: Visit, expected: ExpectedVisit): void {
    this.deliveries += seen.length;
    this.live += seen.filter(({ via }) => via === 'live').length;
    this.onJoining += seen.filter(({ seq }) => seq <= expected.head).length;
    if (head !== expected.head)
      this.differences.add(`${who}: joined at head ${head}, expected ${expected.head}`);
    for (const { seq, via } of seen) {
      const before = seq <= expected.head;
      if (before && via === 'live') this.differences.add(`${who}: got the older seq ${seq} as a live frame`);
      if (!before && via === 'history' && resumes === 0) {
        this.differences.add(`${who}: got seq ${seq} as history, expected a live frame`);
      }
    }
    new StreamCheck(who, this.truth, this.differences).run(seen, expected);
  }
}
