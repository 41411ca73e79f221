import { Injectable, Logger } from '@nestjs/common';
import { CLOSE } from '../protocol/close-codes.js';
import { Broker } from './broker/broker.js';
import type {
  DropEnvelope,
  EntriesEnvelope,
  Envelope,
  FrameEnvelope,
  NodeTalk,
  SilenceEnvelope,
} from './broker/envelope.js';
import type { Connection } from './connection.js';
import { Presence, type Listener } from './presence/presence.js';
import { Seats } from './seats.js';
import { Subscription } from './subscription.js';
import { roomOf, type Topic } from './topics.js';
import type { Urgency } from './write-turns.js';

/** Subscriptions from which on a topic is large: what is sent there does not hold up the smaller ones. */
const LARGE = 64;

interface Listeners {
  readonly subscriptions: Map<Connection, Subscription>;
  /** Settles when the broker will bring everything published from then on. */
  readonly listening: Promise<void>;
}

/** Called when the last socket of a user that listened to a topic has closed, on all nodes. */
export type OnLastSocket = (user: Listener, topic: Topic) => void;
/** Called when somebody may not speak on a topic any more. */
export type OnSilenced = (userId: number, topic: Topic) => void;
/** Called with what nodes ask each other. */
export type OnNodeTalk = (envelope: NodeTalk) => void;
/** Called when a socket of a user has closed, after what there is to say about last sockets. */
export type OnSocketClosed = (connection: Connection) => void;

/**
 * The singleton that knows the connections of this node and their subscriptions, and hands them what the
 * broker brings. Nothing here awaits between a change and its mirror image, so the counts are always true.
 */
@Injectable()
export class ConnectionRegistry {
  private readonly logger = new Logger('Registry');
  private readonly open = new Map<string, Connection>();
  private readonly byUser = new Map<number, Set<Connection>>();
  private readonly topics = new Map<Topic, Listeners>();
  /** Sockets that have closed while frames of theirs were still to be handled. */
  private readonly lingering = new Set<Connection>();
  private lastSocket: OnLastSocket = () => undefined;
  private socketClosed: OnSocketClosed = () => undefined;
  private silenced: OnSilenced = () => undefined;
  private nodeTalk: OnNodeTalk = () => undefined;

  constructor(
    private readonly broker: Broker,
    private readonly seats: Seats,
    private readonly presence: Presence,
  ) {
    broker.receiveWith((envelope) => this.receive(envelope));
    presence.onVanished((user, topic) => this.lastSocket(user, topic));
  }

  /** Names who is told about last sockets. `rooms/` turns it into a frame. */
  onLastSocket(callback: OnLastSocket): void {
    this.lastSocket = callback;
  }

  /** Names who ends what had begun on a socket. `rooms/` does, for typing. */
  onSocketClosed(callback: OnSocketClosed): void {
    this.socketClosed = callback;
  }

  /** Names who ends what the user does there. `rooms/` does, for typing. */
  onSilenced(callback: OnSilenced): void {
    this.silenced = callback;
  }

  /** Names who answers other nodes. */
  onNodeTalk(callback: OnNodeTalk): void {
    this.nodeTalk = callback;
  }

  get connections(): IterableIterator<Connection> {
    return this.open.values();
  }

  get size(): number {
    return this.open.size;
  }

  connectionsOf(userId: number): ReadonlySet<Connection> {
    return this.byUser.get(userId) ?? new Set();
  }

  /** How many sockets listen to each topic. A socket counts once in every topic that it listens to. */
  countByTopic(): Map<Topic, number> {
    return new Map([...this.topics].map(([topic, listeners]) => [topic, listeners.subscriptions.size]));
  }

  /** How far the log of each topic has been sent to all who are live. Those who catch up read for themselves. */
  placesOfLogs(): Map<Topic, number> {
    const places = new Map<Topic, number>();
    for (const [topic, { subscriptions }] of this.topics) {
      if (roomOf(topic) === undefined) continue;
      const live = [...subscriptions.values()].filter(({ isLive }) => isLive);
      if (live.length > 0) places.set(topic, Math.min(...live.map(({ sentUpTo }) => sentUpTo)));
    }
    return places;
  }

  add(connection: Connection): void {
    this.open.set(connection.id, connection);
    if (!connection.user) return;
    const siblings = this.byUser.get(connection.user.id);
    if (siblings) siblings.add(connection);
    else this.byUser.set(connection.user.id, new Set([connection]));
  }

  /** Forgets a connection whose socket has closed, with everything that it listened to. */
  remove(connection: Connection): void {
    if (!this.open.delete(connection.id)) return;
    if (!connection.frames.isIdle) void this.linger(connection);
    const { user } = connection;
    for (const topic of [...connection.topics]) {
      const isLast = this.release(connection, topic);
      if (user) void this.tellLast(user, topic, isLast);
    }
    if (!user) return;
    const siblings = this.byUser.get(user.id);
    siblings?.delete(connection);
    if (siblings?.size === 0) this.byUser.delete(user.id);
    this.socketClosed(connection);
  }

  /** In the same turn, where this node knows it by itself. */
  private async tellLast(user: Listener, topic: Topic, isLast: boolean | Promise<boolean>): Promise<void> {
    if (typeof isLast === 'boolean' ? isLast : await isLast) this.lastSocket(user, topic);
  }

  /** Whether any socket of the user listens to the topic. */
  hears(userId: number, topic: Topic): boolean {
    for (const connection of this.connectionsOf(userId)) if (connection.topics.has(topic)) return true;
    return false;
  }

  /**
   * Starts to listen; an earlier subscription to the same topic gives way. Live frames are held back until
   * the subscription has caught up. A socket that closes meanwhile leaves nothing behind: the subscription
   * that is returned has then ended.
   */
  async subscribe(connection: Connection, topic: Topic): Promise<Subscription> {
    const subscription = new Subscription(connection, topic);
    if (!this.open.has(connection.id) || !connection.isOpen) {
      this.unsubscribe(connection, topic);
      subscription.end();
      return subscription;
    }
    const isNew = !this.giveWay(connection, topic);
    const listeners = this.listenersOf(topic);
    const { user } = connection;
    if (isNew && user && !this.hears(user.id, topic)) this.presence.came(user, topic);
    listeners.subscriptions.set(connection, subscription);
    connection.topics.add(topic);
    try {
      await listeners.listening;
    } catch (error) {
      this.unsubscribe(connection, topic);
      throw error;
    }
    return subscription;
  }

  subscriptionOf(connection: Connection, topic: Topic): Subscription | undefined {
    return this.topics.get(topic)?.subscriptions.get(connection);
  }

  unsubscribe(connection: Connection, topic: Topic): void {
    void this.release(connection, topic);
  }

  /** @returns whether no socket of its user listens to the topic any more, on any node */
  private release(connection: Connection, topic: Topic): boolean | Promise<boolean> {
    if (!this.giveWay(connection, topic)) return false;
    connection.topics.delete(topic);
    const listeners = this.topics.get(topic);
    if (listeners?.subscriptions.size === 0) {
      this.topics.delete(topic);
      this.broker.unlisten(topic);
    }
    const { user } = connection;
    return user !== undefined && !this.hears(user.id, topic) && this.presence.went(user, topic);
  }

  /** Whether there was a subscription, which has ended now. What goes with it is for the caller to follow. */
  private giveWay(connection: Connection, topic: Topic): boolean {
    const listeners = this.topics.get(topic);
    listeners?.subscriptions.get(connection)?.end();
    return listeners?.subscriptions.delete(connection) === true;
  }

  /** What a client sent before it closed is handled; the end of its session still ends that. */
  private async linger(connection: Connection): Promise<void> {
    this.lingering.add(connection);
    await connection.frames.idle();
    this.lingering.delete(connection);
  }

  private listenersOf(topic: Topic): Listeners {
    let listeners = this.topics.get(topic);
    if (!listeners) {
      listeners = { subscriptions: new Map(), listening: this.broker.listen(topic) };
      this.topics.set(topic, listeners);
    }
    return listeners;
  }

  private receive(envelope: Envelope): void {
    switch (envelope.kind) {
      case 'frame':
        return this.fanOut(envelope);
      case 'entries':
        return this.fanOutEntries(envelope);
      case 'drop':
        return this.drop(envelope);
      case 'silence':
        return this.silence(envelope);
      case 'disconnect':
        return this.disconnect(envelope.userId, new Set(envelope.sessionIds));
      case 'question':
      case 'answer':
      case 'spending':
      case 'beat':
        return this.nodeTalk(envelope);
    }
  }

  private fanOut(envelope: FrameEnvelope): void {
    this.toEach(envelope.topic, (subscription, urgency) => subscription.receive(envelope, urgency));
  }

  private fanOutEntries(envelope: EntriesEnvelope): void {
    const authors = authorsOf(envelope);
    this.toEach(envelope.topic, (subscription, urgency) => {
      const isAuthor = authors?.has(subscription.readerId) === true;
      subscription.receiveEntries(envelope, isAuthor, urgency);
    });
  }

  private toEach(topic: Topic, tell: (subscription: Subscription, urgency: Urgency) => void): void {
    const subscriptions = this.topics.get(topic)?.subscriptions;
    if (!subscriptions) return;
    const urgency = subscriptions.size < LARGE ? 'soon' : 'bulk';
    for (const subscription of subscriptions.values()) {
      try {
        tell(subscription, urgency);
      } catch (error) {
        // One broken socket must not keep the frame from the rest of the room.
        this.logger.error(error);
        subscription.connection.terminate();
      }
    }
  }

  private drop({ userId, from, farewell }: DropEnvelope): void {
    for (const connection of this.connectionsOf(userId)) {
      if (!connection.topics.has(from)) continue;
      this.unsubscribe(connection, from);
      if (connection.boundTopic === from) connection.close(CLOSE.notAllowed);
      else connection.deliver(farewell);
    }
  }

  private silence({ userId, where, until, notice }: SilenceEnvelope): void {
    for (const connection of this.connectionsOf(userId)) {
      const subscription = this.subscriptionOf(connection, where);
      if (!subscription) continue;
      subscription.silencedUntil = until;
      connection.deliver(notice);
    }
    if (until > Date.now()) this.silenced(userId, where);
  }

  private disconnect(userId: number, ended: ReadonlySet<string>): void {
    this.seats.revoke(ended);
    for (const connection of [...this.connectionsOf(userId), ...this.lingering]) {
      if (connection.user && ended.has(connection.user.sessionId)) connection.close(CLOSE.sessionEnded);
    }
  }
}

/** Whoever gets a copy of their own of some entry; mostly there is nobody. */
function authorsOf({ entries }: EntriesEnvelope): ReadonlySet<number | undefined> | undefined {
  let authors: Set<number | undefined> | undefined;
  for (const { own } of entries) if (own) (authors ??= new Set()).add(own.userId);
  return authors;
}
