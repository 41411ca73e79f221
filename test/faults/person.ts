import { setTimeout as pause } from 'node:timers/promises';
import { Device, type Owner } from './device.js';
import { digestOf, keyOf, type Change } from './history.js';
import type { PersonPlan } from './plan.js';
import type { Random } from './random.js';
import { codeOf, type RestAnswer } from './rest.js';
import type { World } from './world.js';

export interface Account {
  readonly id: number;
  readonly token: string;
}

/** Who may send others away. */
export interface Moderator {
  readonly token: string;
}

const ASK_AGAIN_MS = 150;
const MEAN_STAY_MS = 5_000;
const SHORTEST_ABSENCE_MS = 400;
const LONGEST_ABSENCE_MS = 2_500;

type Exit = 'leave' | 'leave frame' | 'kick' | 'ban';

/** One user with all devices. Memberships belong to the user, so what one device does the others feel. */
export class Person implements Owner {
  readonly devices: readonly Device[];
  readonly rooms: readonly number[];
  private readonly out = new Set<number>();
  private probes = 0;

  constructor(
    private readonly world: World,
    private readonly account: Account,
    private readonly plan: PersonPlan,
    roomIds: readonly number[],
    private readonly random: Random,
  ) {
    const idOf = (index: number): number => roomIds[index] ?? 0;
    this.rooms = plan.rooms.map(idOf);
    this.devices = plan.devices.map(
      (device) => new Device(world, this, device, device.rooms.map(idOf), random.fork(device.name)),
    );
  }

  get user(): number {
    return this.account.id;
  }

  get token(): string {
    return this.account.token;
  }

  isIn(room: number): boolean {
    return !this.out.has(room);
  }

  /** Heard from the server. Whoever did not leave on purpose comes back at once. */
  expelled(room: number): void {
    if (this.out.has(room)) return;
    this.out.add(room);
    this.world.tally.add('told to be out without having left');
    void this.enter(room);
  }

  siblingOf(device: Device): Device | undefined {
    const others = this.devices.filter((other) => other !== device);
    return others.length === 0 ? undefined : this.random.pick(others);
  }

  /** The server says that this user is no member, and nobody here knows why: joins, and asks again. */
  async ensureIn(room: number): Promise<void> {
    if (!this.out.has(room)) await this.enter(room);
  }

  /** Leaves and comes back until nobody writes any more. */
  async roam(moderator: Moderator): Promise<void> {
    if (!this.plan.roams) return;
    while (this.world.isProducing) {
      await pause(this.random.exponential(MEAN_STAY_MS));
      const room = this.random.pick(this.rooms);
      const exit = this.random.pick<Exit>(['leave', 'leave frame', 'kick', 'ban']);
      const absence = this.random.integer(SHORTEST_ABSENCE_MS, LONGEST_ABSENCE_MS);
      if (!this.world.isProducing || !this.isIn(room)) continue;
      await this.beAway(room, exit, absence, moderator);
    }
  }

  private async beAway(room: number, exit: Exit, absence: number, moderator: Moderator): Promise<void> {
    this.world.tally.add(`went out by ${exit}`);
    this.out.add(room);
    const until = performance.now() + absence;
    await this.leave(room, exit, moderator);
    while (performance.now() < until && this.world.isProducing) {
      await this.probe(room);
      await pause(ASK_AGAIN_MS);
    }
    if (exit === 'ban') await this.forgive(room, moderator);
    await this.enter(room);
  }

  private async leave(room: number, exit: Exit, { token }: Moderator): Promise<void> {
    const { history, rest } = this.world;
    const change = history.changing('leave', this.user, room, exit);
    const member = `/api/rooms/${room}/members/${this.user}`;
    const ask = {
      leave: () => rest.request('POST', `/api/rooms/${room}/leave`, this.token),
      'leave frame': () => this.leaveByFrame(room),
      kick: () => rest.request('DELETE', member, token),
      ban: () => rest.request('PUT', `/api/rooms/${room}/bans/${this.user}`, token),
    }[exit];
    await this.untilAnswered(change, ask, (answer) => codeOf(answer) === 'not_in_room');
  }

  /** Over whichever open socket may carry it; over REST where none can. */
  private async leaveByFrame(room: number): Promise<RestAnswer> {
    const link = this.devices.find((device) => !device.isRoomSocket && device.link?.isOpen)?.link;
    if (!link) return this.world.rest.request('POST', `/api/rooms/${room}/leave`, this.token);
    const answer = await link.ask({ type: 'leave_room', room_id: room });
    if (answer.type === 'gone') return undefined;
    const { fields } = answer;
    const failed = fields.retryable === true ? 503 : 400;
    return { status: answer.type === 'ack' ? 200 : failed, body: fields, fields };
  }

  private async forgive(room: number, { token }: Moderator): Promise<void> {
    const path = `/api/rooms/${room}/bans/${this.user}`;
    for (;;) {
      const answer = await this.world.rest.request('DELETE', path, token);
      if ((answer && answer.status < 300) || this.world.isOver) return;
      await pause(ASK_AGAIN_MS);
    }
  }

  private async enter(room: number): Promise<void> {
    const change = this.world.history.changing('join', this.user, room, 'join');
    const path = `/api/rooms/${room}/join`;
    await this.untilAnswered(change, () => this.world.rest.request('POST', path, this.token));
    this.out.delete(room);
    for (const device of this.devices) device.outbox.pump();
  }

  private async untilAnswered(
    change: Change,
    ask: () => Promise<RestAnswer>,
    isDone = (_answer: RestAnswer): boolean => false,
  ): Promise<void> {
    const { history, tally, isOver } = this.world;
    for (;;) {
      const answer = await ask();
      if (answer && (answer.status < 300 || isDone(answer))) return history.changed(change, 'done');
      if (answer && answer.status < 500) {
        tally.add(`${change.how} refused: ${answer.status} ${codeOf(answer)}`);
        if (codeOf(answer) !== 'banned')
          history.fault('internal', `${change.how}: ${JSON.stringify(answer.fields)}`);
      }
      if (isOver || this.world.isOver) return history.changed(change, 'unknown');
      await pause(ASK_AGAIN_MS);
    }
  }

  /** Whoever is out must neither read nor write. */
  private async probe(room: number): Promise<void> {
    const { history, rest, tally } = this.world;
    const path = `/api/rooms/${room}/messages`;
    const askedAt = history.now();
    const page = await rest.request('GET', `${path}?limit=5`, this.token);
    const messages = page?.status === 200 && Array.isArray(page.body) ? page.body.length : 0;
    if (page?.status === 200)
      history.peeks.push({ at: history.now(), askedAt, user: this.user, room, messages });
    tally.add('probes by those who are out');
    const clientMsgId = `probe-${(this.probes += 1)}`;
    const key = keyOf(this.user, room, clientMsgId);
    const content = `probe ${this.probes}`;
    const common = { key, user: this.user, room };
    const at = history.now();
    history.attempts.push({ at, ...common, digest: digestOf(content), device: 'probe', door: 'rest' });
    const answer = await rest.request('POST', path, this.token, { content, client_msg_id: clientMsgId });
    const { id, seq } = answer?.fields ?? {};
    if (answer && answer.status < 300 && typeof id === 'number' && typeof seq === 'number') {
      history.acks.push({ at: history.now(), key, room, id, seq, isDuplicate: answer.status === 200 });
    }
  }
}
