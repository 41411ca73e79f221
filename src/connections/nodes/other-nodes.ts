import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Broker } from '../broker/broker.js';
import type { NodeTalk, QuestionEnvelope, SpendingEnvelope } from '../broker/envelope.js';
import { ConnectionRegistry } from '../connection-registry.js';
import { EVERY_NODE, nodeTopic } from '../topics.js';
import { HeardNodes } from './heard-nodes.js';
import { LiveNodes } from './live-nodes.js';

/** Milliseconds for which answers are waited for. */
const DEADLINE = 1_000;

/** Told what users have spent on another node. */
type OnSpending = (spending: SpendingEnvelope) => void;
type TakeAnswer = (body: Buffer) => void;

/**
 * What this node asks the others, and answers them. As many answers are waited for as nodes have got the question, but
 * a second at most: whoever asks shows what there is, and says who is missing.
 */
@Injectable()
export class OtherNodes implements OnModuleInit {
  private readonly logger = new Logger('Nodes');
  /** By question. */
  private readonly waiting = new Map<string, TakeAnswer>();
  private spending: OnSpending = () => undefined;
  private answer: ((question: Buffer) => Buffer) | undefined;

  constructor(
    private readonly broker: Broker,
    private readonly registry: ConnectionRegistry,
    private readonly nodes: LiveNodes,
    private readonly heard: HeardNodes,
  ) {}

  async onModuleInit(): Promise<void> {
    this.registry.onNodeTalk((envelope) => this.receive(envelope));
    await Promise.all([EVERY_NODE, this.ownTopic].map((topic) => this.broker.listen(topic)));
  }

  /** Names who answers what others ask. */
  answerWith(answer: (question: Buffer) => Buffer): void {
    this.answer = answer;
  }

  /** Names who is told what users have spent on other nodes. */
  onSpending(callback: OnSpending): void {
    this.spending = callback;
  }

  tellSpending(budget: string, spent: SpendingEnvelope['spent']): void {
    this.broker.publish({ kind: 'spending', topic: EVERY_NODE, node: this.nodes.name, budget, spent });
  }

  /** What the others have answered in time. Never fails. */
  async ask(body: Buffer): Promise<Buffer[]> {
    const id = randomUUID();
    const answers: Buffer[] = [];
    let asked = Infinity;
    await new Promise<void>((resolve) => {
      const deadline = setTimeout(resolve, DEADLINE);
      const look = () => {
        if (answers.length < asked) return;
        clearTimeout(deadline);
        resolve();
      };
      // Answers may be here before it is known how many there will be.
      this.waiting.set(id, (answer) => {
        answers.push(answer);
        look();
      });
      const question = { kind: 'question', topic: EVERY_NODE, id, answerTo: this.ownTopic, body } as const;
      void this.broker.askOthers(question).then((count) => {
        asked = count;
        look();
      });
    });
    this.waiting.delete(id);
    return answers;
  }

  private get ownTopic(): string {
    return nodeTopic(this.nodes.name);
  }

  private receive(envelope: NodeTalk): void {
    switch (envelope.kind) {
      case 'answer':
        return this.waiting.get(envelope.id)?.(envelope.body);
      case 'beat':
        return this.heard.take(envelope);
      case 'question':
        return this.reply(envelope);
      case 'spending':
        if (envelope.node !== this.nodes.name) this.spending(envelope);
    }
  }

  private reply({ id, answerTo, body }: QuestionEnvelope): void {
    if (!this.answer) return;
    try {
      this.broker.publish({ kind: 'answer', topic: answerTo, id, body: this.answer(body) });
    } catch (error) {
      // Whoever has asked sees that there is no answer.
      this.logger.error(error);
    }
  }
}
