import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';

/** Milliseconds between two attempts to come back, at first and at last. */
const RETRY = { first: 50, last: 1_000 };
/** Milliseconds between two questions whether Redis is there, and for which an answer may take. */
const ASK_EVERY = 1_000;
const ANSWER_WITHIN = 2_000;
/** Bytes that may wait for a Redis that does not read. Beyond it Redis is away. */
const MAX_WAITING = 16 * 1024 * 1024;

/**
 * Two connections to Redis, one to publish and one to listen: up when both are, away when one is not, or does not
 * answer. Nothing waits for a Redis that is away: what it carries are hints.
 */
export class RedisLink {
  private readonly logger = new Logger('Redis');
  private readonly publisher: Redis;
  private readonly subscriber: Redis;
  private readonly asking: NodeJS.Timeout;
  private readonly ups: (() => void)[] = [];
  private readonly downs: (() => void)[] = [];
  private up = false;
  private isClosed = false;

  constructor(url: string) {
    this.publisher = this.connect(url);
    this.subscriber = this.connect(url);
    this.asking = setInterval(() => this.ask(), ASK_EVERY).unref();
  }

  get isUp(): boolean {
    return this.up;
  }

  /** For commands that are neither publishing nor subscribing. They fail at once while Redis is away. */
  get redis(): Redis {
    return this.publisher;
  }

  /** Redis is there, on another connection than before: nothing is subscribed to on it. */
  onUp(callback: () => void): void {
    this.ups.push(callback);
  }

  onDown(callback: () => void): void {
    this.downs.push(callback);
  }

  onMessage(callback: (channel: string, message: Buffer) => void): void {
    this.subscriber.on('smessageBuffer', (channel: Buffer, message: Buffer) =>
      callback(channel.toString(), message),
    );
  }

  /** Resolves when Redis will bring what is published to the channels from then on. */
  async subscribe(channels: readonly string[]): Promise<void> {
    await Promise.all(channels.map((channel) => this.subscriber.ssubscribe(channel)));
  }

  unsubscribe(channel: string): void {
    this.subscriber.sunsubscribe(channel).catch(() => undefined);
  }

  /** Whether it was handed to Redis. What becomes of it is not known. */
  publish(channel: string, message: Buffer): boolean {
    if (!this.takesMore()) return false;
    this.publisher.spublish(channel, message).catch(() => undefined);
    return true;
  }

  /** Resolves to the number of connections that it went to: none while Redis is away. */
  async publishCounted(channel: string, message: Buffer): Promise<number> {
    if (!this.takesMore()) return 0;
    return Number(await this.publisher.spublish(channel, message).catch(() => 0));
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearInterval(this.asking);
    // What was published before is on its way until the answer comes.
    if (this.up) await this.publisher.quit().catch(() => undefined);
    for (const connection of [this.publisher, this.subscriber]) {
      connection.disconnect();
      // It only ends our side.
      connection.stream?.destroy();
    }
  }

  private takesMore(): boolean {
    if (!this.up) return false;
    if (this.publisher.stream.writableLength <= MAX_WAITING) return true;
    this.giveUp(this.publisher, 'does not read');
    return false;
  }

  private connect(url: string): Redis {
    const connection = new Redis(url, {
      enableOfflineQueue: false,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectTimeout: ANSWER_WITHIN,
      retryStrategy: (attempt) => Math.min(RETRY.last, RETRY.first * 2 ** Math.min(attempt, 10)),
    });
    connection.on('ready', () => this.look());
    connection.on('close', () => this.look());
    // It comes with every attempt; that Redis is away is said once.
    connection.on('error', (error: Error) => this.logger.debug(error.message));
    return connection;
  }

  private look(): void {
    const isUp = this.publisher.status === 'ready' && this.subscriber.status === 'ready';
    if (isUp === this.up || this.isClosed) return;
    this.up = isUp;
    if (isUp) {
      this.logger.log('Redis is there.');
      for (const callback of this.ups) callback();
    } else {
      this.logger.warn('Redis is away: nodes look into the database instead of hearing from each other.');
      for (const callback of this.downs) callback();
    }
  }

  /** A network that swallows everything closes no connection. */
  private ask(): void {
    for (const connection of [this.publisher, this.subscriber]) {
      if (connection.status !== 'ready') continue;
      const timer = setTimeout(() => this.giveUp(connection, 'does not answer'), ANSWER_WITHIN).unref();
      connection
        .ping()
        .catch(() => undefined)
        .finally(() => clearTimeout(timer));
    }
  }

  private giveUp(connection: Redis, why: string): void {
    if (this.isClosed) return;
    this.logger.warn(`Redis ${why}: connecting anew.`);
    // Not `disconnect`, which waits for what is on its way.
    connection.stream.destroy();
  }
}
