import type { Topic } from '../topics.js';
import { entriesEnvelope, type EntriesEnvelope } from './envelope.js';

/** Milliseconds for which what comes too early waits for what is missing before it. */
const MOMENT = 100;
/** Envelopes of one topic that wait. Beyond it whatever is missing has been lost, and waiting costs memory. */
const MAX_EARLY = 256;

interface Place {
  /** The `seq` that has to come next. */
  next: number;
  early: EntriesEnvelope[];
  timer: NodeJS.Timeout | undefined;
}

/**
 * Puts what several nodes have committed to one log into its order again: two that publish at the same moment
 * overtake each other on their way. What comes too early waits a moment for what belongs before it, then says what is
 * missing; what was there already is left out.
 */
export class EntryOrder {
  private readonly places = new Map<Topic, Place>();

  /**
   * @param pass is given entries in the order of the log
   * @param onHole is told when something has not come in time; what waited is passed when it has settled, and
   *   whatever is missing then has to be read by whoever needs it
   */
  constructor(
    private readonly pass: (envelope: EntriesEnvelope) => void,
    private readonly onHole: (topic: Topic, after: number) => Promise<void>,
  ) {}

  offer(envelope: EntriesEnvelope): void {
    const { topic, entries } = envelope;
    const [first] = entries;
    if (!first) return;
    const place = this.places.get(topic) ?? { next: first.seq, early: [], timer: undefined };
    this.places.set(topic, place);
    if (first.seq <= place.next) {
      this.passNew(place, envelope);
      this.passEarly(place);
    } else {
      place.early.push(envelope);
      if (place.early.length > MAX_EARLY) this.giveUp(place);
      else place.timer ??= setTimeout(() => void this.fill(topic, place), MOMENT).unref();
    }
  }

  /** Nobody listens to the topic any more. */
  forget(topic: Topic): void {
    clearTimeout(this.places.get(topic)?.timer);
    this.places.delete(topic);
  }

  forgetAll(): void {
    for (const topic of [...this.places.keys()]) this.forget(topic);
  }

  private passNew(place: Place, envelope: EntriesEnvelope): void {
    const fresh = envelope.entries.filter(({ seq }) => seq >= place.next);
    const last = fresh.at(-1);
    if (!last) return;
    place.next = last.seq + 1;
    const isWhole = fresh.length === envelope.entries.length;
    this.pass(isWhole ? envelope : entriesEnvelope(envelope.topic, fresh));
  }

  private passEarly(place: Place): void {
    place.early.sort((one, other) => firstSeq(one) - firstSeq(other));
    for (let [next] = place.early; next && firstSeq(next) <= place.next; [next] = place.early) {
      place.early.shift();
      this.passNew(place, next);
    }
    if (place.early.length > 0) return;
    clearTimeout(place.timer);
    place.timer = undefined;
  }

  private async fill(topic: Topic, place: Place): Promise<void> {
    await this.onHole(topic, place.next - 1).catch(() => undefined);
    if (this.places.get(topic) === place) this.giveUp(place);
  }

  /** What is missing now is noticed by each who needs it: a hole costs a read, never a message. */
  private giveUp(place: Place): void {
    clearTimeout(place.timer);
    place.timer = undefined;
    while (place.early.length > 0) {
      const earliest = Math.min(...place.early.map(firstSeq));
      place.next = Math.max(place.next, earliest);
      this.passEarly(place);
    }
  }
}

function firstSeq(envelope: EntriesEnvelope | undefined): number {
  return envelope?.entries[0]?.seq ?? 0;
}
