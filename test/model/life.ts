import { expect } from '@jest/globals';
import type { Action, DeviceId, Line } from './action.js';
import { expectStories, onDifferentSockets, outcomeOf, outcomesOf } from './burst.js';
import { ChatModel } from './chat-model.js';
import { Resolver } from './resolve.js';
import { PROLOGUE, type Step, type Together } from './steps.js';
import { snapshotOf, type Views } from './views.js';
import type { World } from './world.js';

/** Lines of each device and room. Between two rooms there is no order, so none is compared. */
type Received = Record<string, string[]>;

/** Does the steps, one after the other, on the model and on the server, and compares them after each. */
export class Life {
  private model = new ChatModel();
  private readonly resolver: Resolver;
  /** What was done so far, for whoever reads a failure. */
  private readonly journal: string[] = [];

  constructor(
    private readonly world: World,
    private readonly views: Views,
  ) {
    this.resolver = new Resolver({
      isOpen: (device) => world.isOpen(device),
      seen: (device, room) => world.seen(device, room),
      headOf: (room) => this.model.state.logs[room].length,
      roomOf: (device, room) => this.model.state.devices.get(device)?.bound ?? room,
    });
  }

  async live(steps: readonly (Step | Together)[]): Promise<void> {
    try {
      for (const step of PROLOGUE) await this.alone(step, false);
      this.journal.length = 0;
      for (const step of steps) {
        if (step.do === 'together') await this.together(step.steps);
        else await this.alone(step, true);
      }
      await this.world.hangUpAll();
      await this.views.expectAgreement(this.world, { ...snapshotOf(this.model.state), devices: {} });
    } catch (error) {
      if (error instanceof Error) error.message = `After:\n${this.journal.join('\n')}\n\n${error.message}`;
      throw error;
    }
  }

  private async alone(step: Step, isCompared: boolean): Promise<void> {
    const action = this.resolver.resolve(step);
    if (!action) return;
    this.journal.push(inWords(action));
    const promised = this.model.apply(action);
    const answer = await this.world.perform(action, true);
    await this.world.settle();
    const received = byRoom(this.world.takeLines());
    const expected = byRoom(this.model.takeInboxes());
    if (isCompared) {
      expect({ answer, received }).toEqual({ answer: promised, received: expected });
      await this.expectState();
    }
    this.renewSessions();
  }

  /** Starts all of them in one turn. Any order of them may have happened, but one of them has. */
  private async together(steps: readonly Step[]): Promise<void> {
    const resolved = steps.flatMap((step) => this.resolver.resolve(step) ?? []);
    const actions = onDifferentSockets(resolved);
    this.journal.push('  together', ...actions.map((action) => `  ${inWords(action)}`));
    const before = snapshotOf(this.model.state);
    const candidates = outcomesOf(this.model, actions);
    const answers = await Promise.all(actions.map((action) => this.world.perform(action, false)));
    await this.world.settle();
    this.journal.push(`    answered: ${answers.join(', ')}`);
    const lines = this.world.takeLines();
    const after = await this.views.snapshot(this.world);
    this.model = outcomeOf(candidates, after);
    expectStories({ actions, answers, before, after, lines });
    await this.views.expectAgreement(this.world, after);
    this.renewSessions();
  }

  private async expectState(): Promise<void> {
    const snapshot = await this.views.snapshot(this.world);
    expect(snapshot).toEqual(snapshotOf(this.model.state));
    await this.views.expectAgreement(this.world, snapshot);
  }

  private renewSessions(): void {
    for (const session of this.model.state.ended) this.world.forgetSession(session);
    this.model.state.ended.clear();
  }
}

function byRoom(lines: Map<DeviceId, Line[]>): Received {
  const received: Received = {};
  for (const [device, all] of lines) {
    for (const { room, text } of all) (received[`${device} ${room}`.trimEnd()] ??= []).push(text);
  }
  return received;
}

/** `posts` of a chatter is long, and says nothing. */
function inWords(action: Action): string {
  const parts = Object.entries(action).filter(([name]) => name !== 'do' && name !== 'posts');
  const said = 'posts' in action && action.posts.length > 1 ? [`${action.posts.length} messages`] : [];
  const one = 'posts' in action && action.posts.length === 1 ? [JSON.stringify(action.posts[0])] : [];
  return `  ${[action.do, ...parts.map(([name, value]) => `${name}=${String(value)}`), ...said, ...one].join(' ')}`;
}
