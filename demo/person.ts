import { chatMessage, type Sighting, type Sightings } from './chat-message.js';
import { answered, within } from './deadline.js';
import { messageOf } from './failure.js';
import { fieldsOf, integerIn, listIn, textIn, type Fields } from './fields.js';
import type { DeliveryClock } from './latency.js';
import { Link, type ClientFrame } from './link.js';
import type { Account } from './rest.js';

/** The time from joining the room to leaving it, or to the end of the replay. */
export interface Visit {
  /** What the server called the newest message when the visit began. */
  head: number | undefined;
  /** How often the connection was lost and the visit resumed. */
  resumes: number;
  /** Everything received, in the order of arrival. */
  readonly seen: Sighting[];
}

export interface Receipt {
  readonly id: number;
  readonly seq: number;
}

/** What all clients of a replay have in common. */
export interface Venue {
  readonly origin: string;
  readonly roomId: number;
  readonly clock: DeliveryClock;
  readonly sightings: Sightings;
}

/** One person: an account and a socket, and a record of everything that came in. */
export class Person {
  readonly visits: Visit[] = [];
  /** Messages that came while the person was not in the room. */
  readonly strays: Sighting[] = [];
  /** What the server should not have sent, and connections that it should not have closed. */
  readonly complaints: string[] = [];

  private link: Link | undefined;
  private visit: Visit | undefined;
  private lastSeq = 0;
  private resuming: Promise<void> = Promise.resolve();
  private historyDone: (() => void) | undefined;
  /** Of the log that `lastSeq` is a place in. */
  private epoch = '';
  private waitingForSeq: { seq: number; resolve: (seen: boolean) => void } | undefined;

  constructor(
    readonly account: Account,
    private readonly venue: Venue,
  ) {}

  get inRoom(): boolean {
    return this.visit !== undefined;
  }

  async connect(): Promise<void> {
    this.link = await Link.open(this.venue.origin, this.account, {
      frame: (frame, at) => {
        this.take(frame, at);
      },
      lost: (error) => this.complaints.push(error.message),
    });
  }

  /** Resolves when the history that comes with joining is complete. */
  async join(): Promise<void> {
    this.visit = { head: undefined, resumes: 0, seen: [] };
    this.visits.push(this.visit);
    await this.enter({});
  }

  async leave(): Promise<void> {
    await this.request({ type: 'leave_room' });
    this.visit = undefined;
  }

  async say(content: string, clientMsgId: string): Promise<Receipt> {
    const ack = await this.request({ type: 'message', content, client_msg_id: clientMsgId });
    return { id: integerIn(ack, 'id'), seq: integerIn(ack, 'seq') };
  }

  /** Loses the connection without a word. */
  async drop(): Promise<void> {
    await this.link?.drop();
  }

  /** Comes back and catches up while the others talk on; {@link ready} tells when, and whether it failed. */
  resume(): void {
    this.resuming = this.reconnect().catch((error: unknown) => {
      throw new Error(`${this.account.name} cannot resume: ${messageOf(error)}`, { cause: error });
    });
    // Whoever waits for `ready` gets the failure; until then it is no unhandled one.
    this.resuming.catch(() => undefined);
  }

  ready(): Promise<void> {
    return this.resuming;
  }

  /** Whether the message has come, waiting for it so many milliseconds at most. */
  async hasSeen(seq: number, milliseconds: number): Promise<boolean> {
    if (this.lastSeq >= seq) return true;
    const seen = new Promise<boolean>((resolve) => {
      this.waitingForSeq = { seq, resolve };
    });
    return within(milliseconds, seen, () => false);
  }

  /** Frames come in order: when this is answered, everything that the server sent before has arrived. */
  async fence(): Promise<void> {
    await this.link?.request({ type: 'ping' }).catch((error: unknown) => {
      this.complaints.push(`no answer to the last ping: ${messageOf(error)}`);
    });
  }

  private async reconnect(): Promise<void> {
    await this.connect();
    if (this.visit) this.visit.resumes += 1;
    await this.enter({ after_seq: this.lastSeq, epoch: this.epoch });
  }

  private async enter(from: { after_seq?: number; epoch?: string }): Promise<void> {
    const history = new Promise<void>((resolve) => {
      this.historyDone = resolve;
    });
    await this.request({ type: 'join_room', ...from });
    await answered('complete message_history', history);
  }

  private request(frame: ClientFrame): Promise<Fields> {
    if (!this.link) throw new Error('not connected');
    return this.link.request({ ...frame, room_id: this.venue.roomId });
  }

  private take(frame: Fields, at: number): void {
    const type = textIn(frame, 'type');
    if ('room_id' in frame && frame.room_id !== this.venue.roomId) this.complain('about another room', frame);
    if (type === 'message') this.takeLive(frame, at);
    else if (type === 'message_history') this.takeHistory(frame);
    else if (type === 'room_joined' && this.visit) this.visit.head ??= integerIn(frame, 'head_seq');
    else if (type === 'error') this.complain('unasked', frame);
  }

  private takeLive(frame: Fields, at: number): void {
    const message = chatMessage(frame);
    this.venue.clock.received(message.seq, at);
    this.see(this.venue.sightings.of('live', message));
  }

  private takeHistory(frame: Fields): void {
    for (const item of listIn(frame, 'messages')) {
      this.see(this.venue.sightings.of('history', chatMessage(fieldsOf(item, 'a message'))));
    }
    this.epoch = textIn(frame, 'epoch');
    if (frame.has_more === false) this.historyDone?.();
    else if (frame.has_more !== true) this.complain('without has_more', frame);
  }

  private see(sighting: Sighting): void {
    (this.visit?.seen ?? this.strays).push(sighting);
    this.lastSeq = Math.max(this.lastSeq, sighting.seq);
    if (this.waitingForSeq && this.lastSeq >= this.waitingForSeq.seq) this.waitingForSeq.resolve(true);
  }

  private complain(what: string, frame: Fields): void {
    this.complaints.push(`a frame ${what}: ${JSON.stringify(frame).slice(0, 300)}`);
  }
}
