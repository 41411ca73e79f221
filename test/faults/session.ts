import { fieldsOf, integerIn, listIn, optionalInteger, optionalText, textIn, type Fields } from './fields.js';
import { digestOf, type Connection, type Subscription } from './history.js';
import type { Link, LinkListener } from './link.js';
import type { World } from './world.js';

/** What a client keeps of a room over its connections: the newest `seq`, and which log that belongs to. */
export interface Place {
  last: number | undefined;
  epoch: string | undefined;
}

/** Of whoever the session belongs to. */
export interface SessionOwner {
  readonly places: ReadonlyMap<number, Place>;
  /** The server says that the membership has ended. */
  expelled(room: number): void;
}

const IGNORED = new Set([
  'connection_established',
  'pong',
  'token_expiring',
  'user_joined',
  'user_left',
  'user_disconnected',
]);

/** One connection as a client understands it: which rooms it hears, and what came of each. */
export class Session implements LinkListener {
  link: Link | undefined;
  private readonly current = new Map<number, Subscription>();
  /** Asked for; frames belong to the one before until `room_joined`. */
  private readonly asked = new Map<number, Subscription>();

  constructor(
    private readonly world: World,
    private readonly owner: SessionOwner,
    readonly record: Connection,
  ) {}

  get isOpen(): boolean {
    return this.link?.isOpen ?? false;
  }

  hears(room: number): boolean {
    return this.current.has(room) || this.asked.has(room);
  }

  /** The last page of history of the room has come. */
  isCaughtUp(room: number): boolean {
    return !this.asked.has(room) && this.current.get(room)?.caughtUpAt !== undefined;
  }

  /** A room socket hears its room from the handshake on. */
  bound(room: number): void {
    this.current.set(room, this.subscription(room));
  }

  /** `join_room`, from the place that the client has. It is tried again until there is a clear answer. */
  async join(room: number): Promise<void> {
    const { history } = this.world;
    const { user } = this.record;
    if (this.asked.has(room)) return;
    this.asked.set(room, this.subscription(room));
    const change = history.changing('join', user, room, 'join_room');
    const answer = await this.link?.ask({ type: 'join_room', room_id: room, ...this.resume(room) });
    if (answer?.type === 'ack') return history.changed(change, 'done');
    this.asked.delete(room);
    if (answer?.type !== 'error') return history.changed(change, 'unknown');
    history.changed(change, 'refused');
    if (optionalText(answer.fields, 'code') === 'banned') this.owner.expelled(room);
    else this.world.tally.add('joins refused for now');
  }

  /** Where to resume, as fields of `join_room` and as the query of a room socket alike. */
  resume(room: number): { after_seq?: number; epoch?: string } {
    const place = this.owner.places.get(room);
    return {
      ...(place?.last === undefined ? {} : { after_seq: place.last }),
      ...(place?.last === undefined || place.epoch === undefined ? {} : { epoch: place.epoch }),
    };
  }

  frame(frame: Fields, at: number): void {
    const type = textIn(frame, 'type');
    switch (type) {
      case 'message':
        return this.take(integerIn(frame, 'room_id'), frame, at, true);
      case 'message_history':
        return this.page(frame, at);
      case 'room_joined':
        return this.joined(integerIn(frame, 'room_id'));
      case 'room_left':
        return this.left(integerIn(frame, 'room_id'), at);
      case 'error':
        return this.failed(frame, at);
      default:
        if (!IGNORED.has(type)) throw new Error(`unexpected frame ${JSON.stringify(frame)}`);
    }
  }

  private subscription(room: number): Subscription {
    const { last } = this.owner.places.get(room) ?? {};
    if (last !== undefined) this.world.tally.add('resumes');
    return this.world.history.subscribing(this.record, room, last);
  }

  private joined(room: number): void {
    const subscription = this.asked.get(room);
    if (!subscription) throw new Error(`room_joined for room ${room}, which nobody asked for`);
    this.asked.delete(room);
    this.current.set(room, subscription);
  }

  private left(room: number, at: number): void {
    const subscription = this.current.get(room);
    if (subscription) subscription.endedAt = at;
    this.current.delete(room);
    this.owner.expelled(room);
  }

  private page(frame: Fields, at: number): void {
    const room = integerIn(frame, 'room_id');
    const subscription = this.current.get(room);
    this.world.tally.add('pages');
    for (const message of listIn(frame, 'messages')) this.take(room, fieldsOf(message), at, false);
    const place = this.owner.places.get(room);
    if (place) place.epoch = optionalText(frame, 'epoch') ?? place.epoch;
    if (frame.has_more !== false) return;
    if (subscription) subscription.caughtUpAt ??= at;
    if (place) place.last ??= 0;
  }

  private take(room: number, message: Fields, at: number, isLive: boolean): void {
    const seq = integerIn(message, 'seq');
    this.world.tally.add(isLive ? 'seen live' : 'seen by catch-up');
    const subscription = this.current.get(room);
    if (!subscription) {
      const { device, user } = this.record;
      this.world.history.strays.push({ at, device, user, room, seq });
      return;
    }
    subscription.seen.push({
      at,
      seq,
      id: integerIn(message, 'id'),
      author: integerIn(message, 'user_id'),
      digest: digestOf(textIn(message, 'content')),
      clientMsgId: optionalText(message, 'client_msg_id'),
      isLive,
    });
    const place = this.owner.places.get(room);
    if (place) place.last = Math.max(place.last ?? 0, seq);
  }

  /** An error that answers no frame: the place is not in the log, or a room socket may not enter. */
  private failed(frame: Fields, at: number): void {
    const code = textIn(frame, 'code');
    const room = optionalInteger(frame, 'room_id');
    if (code !== 'gap' || room === undefined) {
      this.world.tally.add(`errors without ref: ${code}`);
      return;
    }
    this.world.tally.add('gap notices');
    const subscription = this.current.get(room);
    const after = optionalInteger(frame, 'after_seq') ?? 0;
    subscription?.gaps.push({ at, seenBefore: subscription.seen.length, after });
    const place = this.owner.places.get(room);
    if (place) place.last = place.epoch = undefined;
  }
}
