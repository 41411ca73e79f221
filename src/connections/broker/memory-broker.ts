import type { Topic } from '../topics.js';
import { Broker, type Receive } from './broker.js';
import type { Envelope } from './envelope.js';

/** The broker of a single node. It loses nothing, and one log writer keeps its entries in order. */
export class MemoryBroker extends Broker {
  private readonly topics = new Set<Topic>();
  private receive: Receive = () => undefined;

  override get isWhole(): boolean {
    return true;
  }

  override receiveWith(receive: Receive): void {
    this.receive = receive;
  }

  override async listen(topic: Topic): Promise<void> {
    this.topics.add(topic);
  }

  override unlisten(topic: Topic): void {
    this.topics.delete(topic);
  }

  override publish(envelope: Envelope): void {
    if (this.topics.has(envelope.topic)) this.receive(envelope);
  }

  override async askOthers(): Promise<number> {
    return 0;
  }

  override offer(envelope: Envelope): void {
    this.publish(envelope);
  }

  override async close(): Promise<void> {}
}
