import type { TestServer, Person, Room } from '../support/test-server.js';
import type { SocketClient } from '../support/socket-client.js';
import { enter, STANDINGS, type Actor } from './callers.js';
import { CALLERS, type Caller, type Known } from './outcomes.js';

export type Visibility = Room['visibility'];

/** A room that nobody else has touched, with people who stand to it as their names say. */
export interface Setting {
  readonly room: Room;
  readonly owner: Person;
  /** A plain member who calls nothing: whom others act upon. */
  readonly bystander: Person;
  /** The newest message of the room. */
  readonly messageId: number;
  /** A private room of the neighbour's, in which nobody else is. */
  readonly elsewhere: Elsewhere;
  readonly person: (caller: Known) => Person;
}

export interface Elsewhere {
  readonly room: Room;
  readonly messageIds: readonly number[];
  /** Occurs in each message of that room and nowhere else. */
  readonly secret: string;
}

/**
 * The people of all settings: each is made once, because accounts are what costs time, and stands to each new room
 * as their name says.
 */
export class Stage {
  private readonly actors = new Map<Known, Actor>();
  private readonly ears: SocketClient[] = [];
  private bystander: Actor | undefined;
  private place: Elsewhere | undefined;

  private constructor(readonly server: TestServer) {}

  static async on(server: TestServer): Promise<Stage> {
    const stage = new Stage(server);
    for (const caller of CALLERS.filter(isKnown)) await stage.renew(caller);
    stage.bystander = await stage.actor(await server.person('bystander'));
    stage.ears.push((await server.connect(stage.bystander.person))[0]);
    stage.place = await stage.somewhereElse();
    return stage;
  }

  /** Another person for this caller: after a call that ended more than its own session, for instance. */
  async renew(caller: Known): Promise<void> {
    const isOperator = caller === 'ops' || caller === 'admin';
    const person = await (isOperator ? this.server.operator(caller) : this.server.person(caller));
    this.actors.set(caller, await this.actor(person));
  }

  /** A fresh room. Only these callers stand to it as their names say; the others are strangers. */
  async set(visibility: Visibility, ...callers: Caller[]): Promise<Setting> {
    const { server } = this;
    const owner = this.actorOf('owner');
    const bystander = ready(this.bystander);
    const room = await server.room(owner.person, { visibility });
    const place = { rest: server.rest, room, owner };
    await enter(place, bystander);
    const said = await server.rest.post<{ id: number }>(
      `/api/rooms/${room.id}/messages`,
      { content: 'the first' },
      owner.person,
    );
    for (const caller of callers.filter(isKnown)) await STANDINGS[caller](place, this.actorOf(caller));
    for (const ear of this.ears) await ear.ask({ type: 'join_room', room_id: room.id });
    return {
      room,
      owner: owner.person,
      bystander: bystander.person,
      messageId: said.body.id,
      elsewhere: ready(this.place),
      person: (caller) => this.actorOf(caller).person,
    };
  }

  /** What the members hear while something is done, as seen by one who listens to the room. */
  async heardDuring(work: () => Promise<void>): Promise<unknown[]> {
    for (const ear of this.ears) await ear.settled();
    for (const ear of this.ears) ear.unread();
    await work();
    for (const ear of this.ears) await ear.settled();
    return this.ears.flatMap((ear) => ear.unread());
  }

  /** The `/ws/auth` socket that has been open all the time. */
  socketOf(caller: Known): SocketClient {
    return this.actorOf(caller).socket;
  }

  private actorOf(caller: Known): Actor {
    return ready(this.actors.get(caller));
  }

  private async actor(person: Person): Promise<Actor> {
    const [socket] = await this.server.connect(person);
    return { person, socket };
  }

  private async somewhereElse(): Promise<Elsewhere> {
    const { person, socket } = this.actorOf('neighbour');
    const room = await this.server.room(person, { visibility: 'private' });
    const secret = 'nobody else may read this';
    const messageIds: number[] = [];
    for (let count = 1; count <= 5; count += 1) {
      messageIds.push((await socket.say(`${secret} ${count}`, { room_id: room.id })).id);
    }
    return { room, messageIds, secret };
  }
}

export function isKnown(caller: Caller): caller is Known {
  return caller !== 'anonymous';
}

function ready<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('The stage is not set.');
  return value;
}
