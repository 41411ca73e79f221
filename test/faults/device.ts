import { setTimeout as pause } from 'node:timers/promises';
import type { Connection } from './history.js';
import { Link, NotOpened, type Closing } from './link.js';
import { Outbox, type Sender } from './outbox.js';
import { contentOf, largeContent, type DevicePlan } from './plan.js';
import type { Random } from './random.js';
import { Session, type Place, type SessionOwner } from './session.js';
import type { World } from './world.js';

/** The user behind a device. */
export interface Owner {
  readonly user: number;
  readonly token: string;
  isIn(room: number): boolean;
  expelled(room: number): void;
  ensureIn(room: number): Promise<void>;
  siblingOf(device: Device, room?: number): Device | undefined;
}

const SHORTEST_BACKOFF_MS = 40;
const LONGEST_BACKOFF_MS = 800;
const LOOK_AGAIN_MS = 60;
/** Letters that may wait before a device writes no more. */
const PATIENCE = 60;
/** 4429: wait some seconds. */
const FLOODING_MS = 3_000;
/** Its reason may say how long to wait, so that not all come back at once. */
const RESTARTING = 1012;
/** A fault of the client, so one of this program or of the server. */
const CLIENT_FAULTS = new Set([1002, 1003, 1007, 1008, 1009, 4401]);

/** One device of one user: it is connected whenever it can be, and writes. */
export class Device implements Sender, SessionOwner {
  readonly places: Map<number, Place>;
  readonly outbox: Outbox;
  private session: Session | undefined;
  private backoff = 0;
  private readonly contents: Random;
  private readonly chances: Random;

  constructor(
    private readonly world: World,
    private readonly owner: Owner,
    private readonly plan: DevicePlan,
    /** The ids of {@link DevicePlan.rooms}. */
    readonly rooms: readonly number[],
    random: Random,
  ) {
    this.places = new Map(rooms.map((room) => [room, { last: undefined, epoch: undefined }]));
    this.contents = random.fork('contents');
    this.chances = random.fork('chances');
    this.outbox = new Outbox(world, this, plan, random.fork('outbox'));
  }

  get name(): string {
    return this.plan.name;
  }

  get user(): number {
    return this.owner.user;
  }

  get token(): string {
    return this.owner.token;
  }

  get isRoomSocket(): boolean {
    return this.plan.door === 'room';
  }

  get boundTo(): number | undefined {
    return this.isRoomSocket ? this.rooms[0] : undefined;
  }

  get link(): Link | undefined {
    return this.session?.link;
  }

  isIn(room: number): boolean {
    return this.owner.isIn(room);
  }

  ensureIn(room: number): Promise<void> {
    return this.owner.ensureIn(room);
  }

  expelled(room: number): void {
    this.owner.expelled(room);
  }

  sibling(): Outbox | undefined {
    return this.owner.siblingOf(this)?.outbox;
  }

  /** Everything of its rooms has come, up to these heads. */
  isUpTo(heads: ReadonlyMap<number, number>): boolean {
    const { session } = this;
    if (!session?.isOpen) return false;
    return this.rooms.every(
      (room) => session.isCaughtUp(room) && this.places.get(room)?.last === heads.get(room),
    );
  }

  describe(): string {
    const places = this.rooms.map((room) => `${room}:${this.places.get(room)?.last ?? '-'}`).join(' ');
    return `${this.name} ${this.link?.isOpen ? 'open' : 'closed'}, places ${places}, ${this.outbox.pending} pending`;
  }

  reconnect(): void {
    this.link?.close();
  }

  /** Many large messages as fast as they are answered. */
  flood(room: number, count: number): void {
    for (let index = 0; index < count; index += 1) this.outbox.write(room, largeContent(index));
  }

  /** Connects again and again until the run is over. */
  async live(): Promise<void> {
    while (!this.world.isOver) {
      const room = this.boundTo;
      if (room !== undefined && !this.owner.isIn(room)) {
        await pause(LOOK_AGAIN_MS);
        continue;
      }
      await this.connectOnce();
      if (this.world.isOver) return;
      await pause(this.waitingTime());
    }
  }

  async write(): Promise<void> {
    while (this.world.isProducing) {
      const count = this.plan.window === 1 ? 1 : this.contents.integer(1, this.plan.window);
      await pause(this.contents.exponential(this.plan.pause * count));
      if (!this.world.isProducing) return;
      for (let index = 0; index < count; index += 1) {
        const room = this.contents.pick(this.rooms);
        const content = contentOf(this.contents);
        if (this.outbox.pending < PATIENCE && this.owner.isIn(room)) this.outbox.write(room, content);
      }
    }
  }

  /** To be waited for after a frame: whether the open socket answers. */
  async answers(): Promise<boolean> {
    return (await this.link?.ask({ type: 'ping' }))?.type === 'ack';
  }

  private async connectOnce(): Promise<void> {
    const { history, tally } = this.world;
    if (this.chances.chance(this.plan.forgets)) this.forget();
    const record = history.connecting(this.name, this.owner.user);
    const session = new Session(this.world, this, record);
    this.session = session;
    tally.add('connects');
    const opened = await this.open(session, record);
    if (!opened) return;
    tally.add('connected');
    this.backoff = 0;
    this.outbox.pump();
    const rooms = this.isRoomSocket ? undefined : this.joinRooms(session);
    await this.closed(await opened.closed);
    await rooms;
  }

  private async open(session: Session, record: Connection): Promise<Link | undefined> {
    const { history } = this.world;
    const room = this.boundTo;
    const url = new URL(room === undefined ? '/ws/auth' : `/ws/room/${room}`, this.world.origin);
    url.protocol = 'ws:';
    if (room !== undefined) {
      for (const [name, value] of Object.entries(session.resume(room)))
        url.searchParams.set(name, `${value}`);
      session.bound(room);
    }
    const change =
      room === undefined ? undefined : history.changing('join', this.owner.user, room, 'room socket');
    try {
      session.link = await Link.open(url, { token: this.token, device: this.name }, record, history, session);
      if (change) history.changed(change, 'done');
      return session.link;
    } catch (error) {
      if (!(error instanceof NotOpened)) throw error;
      if (change) history.changed(change, error.status === undefined ? 'unknown' : 'refused');
      if (error.status !== undefined) this.notAdmitted(error, room);
      return undefined;
    }
  }

  private notAdmitted({ status, code }: NotOpened, room: number | undefined): void {
    const { history, tally } = this.world;
    tally.add(`handshakes refused: ${status} ${code}`);
    if (room !== undefined && (code === 'banned' || code === 'not_a_member')) this.owner.expelled(room);
    else if (status !== 503)
      history.fault('internal', `${this.name}: handshake refused with ${status} ${code}`);
  }

  private async closed({ code, reason }: Closing): Promise<void> {
    const { history, tally } = this.world;
    tally.add(`closed with ${code}`);
    if (CLIENT_FAULTS.has(code)) history.fault('internal', `${this.name} was closed with ${code}`);
    const room = this.boundTo;
    if (code === 4403 && room !== undefined) this.owner.expelled(room);
    if (code === 4429) await pause(FLOODING_MS);
    if (code === RESTARTING) await pause(Number(/(\d+) ms/.exec(reason)?.[1] ?? 0));
  }

  /** Joins what is missing while the socket is open: at the start, after a refusal, after coming back. */
  private async joinRooms(session: Session): Promise<void> {
    while (session.isOpen && !this.world.isOver) {
      const missing = this.rooms.filter((room) => this.owner.isIn(room) && !session.hears(room));
      // Now and then once more without need: the subscription begins anew on the same socket.
      const again =
        this.world.isProducing && this.chances.chance(0.005) ? [this.chances.pick(this.rooms)] : [];
      const rooms = [...missing, ...again.filter((room) => this.owner.isIn(room))];
      await Promise.all(rooms.map((room) => session.join(room)));
      await pause(LOOK_AGAIN_MS);
    }
  }

  private forget(): void {
    for (const place of this.places.values()) place.last = place.epoch = undefined;
    this.world.tally.add('devices that forgot everything');
  }

  private waitingTime(): number {
    this.backoff = Math.min(LONGEST_BACKOFF_MS, Math.max(SHORTEST_BACKOFF_MS, this.backoff * 2));
    return this.backoff * (0.5 + this.chances.next() / 2);
  }
}
