import { Sightings } from './chat-message.js';
import { foldName, type Conversation } from './conversation.js';
import { messageOf } from './failure.js';
import { DeliveryClock, Latencies } from './latency.js';
import { Person, type Receipt, type Venue } from './person.js';
import type { Plan, Step } from './plan.js';
import { Progress } from './progress.js';
import { RestClient, type Account } from './rest.js';

/** Sign-ups, handshakes and first joins that run at the same time. */
const AT_ONCE = 16;
/** How long everybody gets at the end to receive what is still on its way. */
const ARRIVAL_MS = 15_000;
/** The same for one person before they leave. Once was enough to know: later it is waited only briefly. */
const LEAVING_MS = 5_000;
const LEAVING_AFTER_A_LOSS_MS = 50;

export interface Outcome {
  /** What the acks said of each message, in the order of the file. */
  readonly receipts: readonly Receipt[];
  readonly people: ReadonlyMap<string, Person>;
  readonly operator: Person;
  readonly roomId: number;
  readonly acks: Latencies;
  readonly deliveries: Latencies;
  /** From the first step to the last message that arrived. */
  readonly seconds: number;
}

/** Replays one conversation through real clients, all in one room. */
export class Replay {
  private readonly people = new Map<string, Person>();
  private readonly receipts: Receipt[] = [];
  private readonly acks = new Latencies();
  private readonly clock = new DeliveryClock();
  private readonly rest: RestClient;
  private leavingMs = LEAVING_MS;

  constructor(
    private readonly origin: string,
    private readonly conversation: Conversation,
    private readonly plan: Plan,
  ) {
    this.rest = new RestClient(origin);
  }

  async run(): Promise<Outcome> {
    const { operator, venue } = await this.openRoom();
    await this.gather(venue);
    const startedAt = performance.now();
    await this.performAll();
    await this.settle(operator);
    const seconds = (performance.now() - startedAt) / 1000;
    await Promise.all([operator, ...this.people.values()].map((person) => person.fence()));
    return {
      receipts: this.receipts,
      people: this.people,
      operator,
      roomId: venue.roomId,
      acks: this.acks,
      deliveries: this.clock.latencies,
      seconds,
    };
  }

  /** The room belongs to somebody who is not in the file: the channel operator, who sees all and says nothing. */
  private async openRoom(): Promise<{ operator: Person; venue: Venue }> {
    const owner = await this.signUp(operatorName(this.conversation.people), 0);
    const roomId = await this.rest.createRoom(owner, 'The channel');
    const venue = { origin: this.origin, roomId, clock: this.clock, sightings: new Sightings() };
    const operator = new Person(owner, venue);
    await operator.connect();
    await operator.join();
    return { operator, venue };
  }

  /** Signs everybody up and connects them; those who were there from the start join. */
  private async gather(venue: Venue): Promise<void> {
    const { people, presentAtStart } = this.conversation;
    const progress = new Progress('gathering', people.length);
    try {
      await inParallel([...people.entries()], async ([index, name]) => {
        const person = new Person(await this.signUp(name, index + 1), venue);
        this.people.set(name, person);
        await person.connect();
        if (presentAtStart.has(name)) await person.join();
        progress.tick();
      });
    } finally {
      progress.stop();
    }
  }

  private signUp(name: string, number: number): Promise<Account> {
    return this.rest.signUp(name, `person-${number}@example.org`).catch((error: unknown) => {
      throw new Error(`${name} cannot sign up: ${messageOf(error)}`, { cause: error });
    });
  }

  private async performAll(): Promise<void> {
    const progress = new Progress('replaying', this.plan.steps.length);
    try {
      for (const step of this.plan.steps) {
        await this.performStep(step);
        progress.tick();
      }
    } finally {
      progress.stop();
    }
  }

  /** One step, and its ack: the next one must find the room as this one leaves it. */
  private async performStep(step: Step): Promise<void> {
    try {
      const person = this.personOf(step.user);
      await person.ready();
      await this.perform(person, step);
    } catch (error) {
      throw new Error(`line ${step.line}, ${step.type} of ${step.user}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  private async perform(person: Person, step: Step): Promise<void> {
    switch (step.type) {
      case 'message':
        await this.say(person, step.content, step.line);
        break;
      case 'join':
        await person.join();
        break;
      case 'leave':
        await this.leave(person);
        break;
      case 'drop':
        await person.drop();
        break;
      case 'resume':
        // Not awaited: the others talk on meanwhile, so that the catch-up has to meet live frames.
        person.resume();
    }
  }

  private async say(person: Person, content: string, line: number): Promise<void> {
    const sentAt = performance.now();
    const receipt = await person.say(content, `line-${line}`);
    this.acks.add(performance.now() - sentAt);
    this.clock.sent(receipt.seq, sentAt);
    this.receipts.push(receipt);
  }

  /**
   * People read what was said before they leave: an ack promises that a message is stored and ordered, not
   * that every other socket has it already.
   */
  private async leave(person: Person): Promise<void> {
    if (!(await person.hasSeen(this.head, this.leavingMs))) this.leavingMs = LEAVING_AFTER_A_LOSS_MS;
    await person.leave();
  }

  /** Waits for what is still on its way; what does not come is a matter for the check. */
  private async settle(operator: Person): Promise<void> {
    const present = [operator];
    for (const person of this.people.values()) {
      await person.ready();
      if (person.inRoom) present.push(person);
    }
    await Promise.all(present.map((person) => person.hasSeen(this.head, ARRIVAL_MS)));
  }

  private get head(): number {
    return this.receipts.at(-1)?.seq ?? 0;
  }

  private personOf(name: string): Person {
    const person = this.people.get(name);
    if (!person) throw new Error(`${name} is not among the people`);
    return person;
  }
}

function operatorName(people: readonly string[]): string {
  const taken = new Set(people.map(foldName));
  let name = 'operator';
  while (taken.has(name)) name += '_';
  return name;
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
