import { Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { Topic } from '../topics.js';
import { Broker, type Receive } from './broker.js';
import { decodeParcel, encodeParcel } from './envelope-codec.parser.js';
import { EntryOrder } from './entry-order.js';
import type { Envelope, QuestionEnvelope } from './envelope.js';
import { RedisLink } from './redis-link.js';

/** Channels of one round of subscribing, after Redis was away. */
const ROUND = 500;

/**
 * The broker of several nodes: Redis' sharded pub/sub (https://redis.io/docs/latest/develop/pubsub/), one channel for
 * each topic that somebody on this node listens to.
 *
 * It carries hints and loses them when Redis is away, restarts, or drops a node that reads too slowly. Then
 * {@link isWhole} is false, this node hands its own envelopes to its own subscribers, and whoever needs more reads the
 * database; when it is whole again, what may have been lost meanwhile is said to have been.
 *
 * Commands take effect on their own node at once: they end somebody's rights, and that must not be lost.
 */
export class RedisBroker extends Broker {
  private readonly logger = new Logger('Broker');
  private readonly node = randomUUID();
  private readonly topics = new Set<Topic>();
  private readonly order: EntryOrder;
  private receive: Receive = () => undefined;
  private whole = false;
  /** Counts connections, so that what was begun on one does not end on the next. */
  private era = 0;

  /** @param prefix of all channels, for installations that share a Redis */
  constructor(
    private readonly link: RedisLink,
    private readonly prefix: string,
  ) {
    super();
    this.order = new EntryOrder(
      (envelope) => this.receive(envelope),
      (topic, after) => this.fillHole(topic, after),
    );
    link.onUp(() => void this.resubscribe());
    link.onDown(() => this.interrupted());
    link.onMessage((channel, message) => this.arrived(channel, message));
  }

  override get isWhole(): boolean {
    return this.whole;
  }

  override receiveWith(receive: Receive): void {
    this.receive = receive;
  }

  /** While Redis is away nobody waits for it: what is missed is read from the database. */
  override async listen(topic: Topic): Promise<void> {
    this.topics.add(topic);
    if (!this.link.isUp) return;
    try {
      await this.link.subscribe([this.channelOf(topic)]);
    } catch (error) {
      if (this.link.isUp) this.lose(`cannot listen to ${topic}: ${String(error)}`);
    }
  }

  override unlisten(topic: Topic): void {
    this.topics.delete(topic);
    this.order.forget(topic);
    if (this.link.isUp) this.link.unsubscribe(this.channelOf(topic));
  }

  override publish(envelope: Envelope): void {
    const isDelivered = !this.whole || isCommand(envelope);
    const parcel = encodeParcel({ from: this.node, isDelivered, envelope });
    const isSent = this.link.publish(this.channelOf(envelope.topic), parcel);
    if (isDelivered || !isSent) this.offer(envelope);
  }

  /** That this node has had it is said in the parcel, so it takes no notice of its own question. */
  override async askOthers(question: QuestionEnvelope): Promise<number> {
    const parcel = encodeParcel({ from: this.node, isDelivered: true, envelope: question });
    const receivers = await this.link.publishCounted(this.channelOf(question.topic), parcel);
    return this.topics.has(question.topic) ? Math.max(0, receivers - 1) : receivers;
  }

  override offer(envelope: Envelope): void {
    if (this.topics.has(envelope.topic)) this.hand(envelope);
  }

  override async close(): Promise<void> {
    this.order.forgetAll();
    await this.link.close();
  }

  private arrived(channel: string, message: Buffer): void {
    const topic = channel.slice(this.prefix.length);
    if (!this.topics.has(topic)) return this.link.unsubscribe(channel);
    try {
      const { from, isDelivered, envelope } = decodeParcel(topic, message);
      if (from !== this.node || !isDelivered) this.hand(envelope);
    } catch (error) {
      this.lose(`cannot read what came for ${topic}: ${String(error)}`);
    }
  }

  private hand(envelope: Envelope): void {
    if (envelope.kind === 'entries') this.order.offer(envelope);
    else this.receive(envelope);
  }

  private async resubscribe(): Promise<void> {
    const era = (this.era += 1);
    const channels = [...this.topics].map((topic) => this.channelOf(topic));
    try {
      for (let start = 0; start < channels.length; start += ROUND) {
        await this.link.subscribe(channels.slice(start, start + ROUND));
      }
    } catch (error) {
      this.logger.debug(`Subscribing anew was interrupted: ${String(error)}`);
      return;
    }
    if (era !== this.era) return;
    this.whole = true;
    this.mayHaveLost();
  }

  private interrupted(): void {
    this.era += 1;
    this.whole = false;
    this.mayHaveLost();
  }

  private lose(what: string): void {
    this.logger.warn(`An envelope may be lost: ${what}`);
    this.mayHaveLost();
  }

  private channelOf(topic: Topic): string {
    return this.prefix + topic;
  }
}

function isCommand({ kind }: Envelope): boolean {
  return kind !== 'frame' && kind !== 'entries';
}
