import { expect, jest } from '@jest/globals';
import { DataSource, In } from 'typeorm';
import { Broker } from '../../src/connections/broker/broker.js';
import { ConnectionRegistry } from '../../src/connections/connection-registry.js';
import { roomTopic, userTopic } from '../../src/connections/topics.js';
import { Message } from '../../src/messages/message.entity.js';
import { Ban } from '../../src/rooms/ban.entity.js';
import { Membership } from '../../src/rooms/membership.entity.js';
import type { Person, TestServer } from '../support/test-server.js';
import { DEVICE_IDS, personOf, type DeviceId, type Entry } from './action.js';
import type { ChatState } from './chat-model.js';
import { PEOPLE, ROOMS, type Name, type RoomName } from './steps.js';
import type { World } from './world.js';

/** What there is, in an order that can be compared. */
export interface Snapshot {
  readonly members: Record<RoomName, string[]>;
  readonly banned: Record<RoomName, string[]>;
  readonly logs: Record<RoomName, Entry[]>;
  /** The rooms that each open device hears. */
  readonly devices: Partial<Record<DeviceId, RoomName[]>>;
  /** The one that a room socket is bound to. */
  readonly bound: Partial<Record<DeviceId, RoomName>>;
}

interface Overview {
  total_connections: number;
  active_connections: number;
  connections_by_room: Record<string, number>;
  connections: { client_id: string; user_id: number; endpoint: string; rooms: number[] }[];
}

export function snapshotOf({ members, banned, logs, devices }: ChatState): Snapshot {
  return {
    members: byRoom((room) => [...members[room]].sort()),
    banned: byRoom((room) => [...banned[room]].sort()),
    logs: byRoom((room) => [...logs[room]]),
    devices: Object.fromEntries([...devices].map(([device, { rooms }]) => [device, [...rooms].sort()])),
    bound: Object.fromEntries(
      [...devices].flatMap(([device, { bound }]) => (bound === undefined ? [] : [[device, bound]])),
    ),
  };
}

/** Looks at the server from every side that it has. */
export class Views {
  /** What the broker was told to listen to, and not yet to forget. */
  private readonly listened = new Set<string>();
  /** The members of a room when REST was last asked: again when the table says something else. */
  private readonly listed = new Map<number, string>();

  constructor(
    private readonly server: TestServer,
    private readonly operator: Person,
  ) {
    const broker = server.inside(Broker);
    const listen = broker.listen.bind(broker);
    const unlisten = broker.unlisten.bind(broker);
    jest.spyOn(broker, 'listen').mockImplementation((topic) => {
      this.listened.add(topic);
      return listen(topic);
    });
    jest.spyOn(broker, 'unlisten').mockImplementation((topic) => {
      this.listened.delete(topic);
      unlisten(topic);
    });
  }

  /** What the tables and the registry say. */
  async snapshot(world: World): Promise<Snapshot> {
    const tables = this.server.inside(DataSource);
    const where = { roomId: In(ROOMS.map((room) => world.rooms[room].id)) };
    const [members, bans, messages] = await Promise.all([
      tables.getRepository(Membership).find({ where, relations: { user: true } }),
      tables.getRepository(Ban).find({ where, relations: { user: true } }),
      tables.getRepository(Message).find({ where, relations: { user: true }, order: { seq: 'ASC' } }),
    ]);
    const in_ = (room: RoomName) => (row: { roomId: number }) => row.roomId === world.rooms[room].id;
    const nameOf = (row: Membership | Ban | Message) => world.person(row.userId, row.user?.username ?? '');
    return {
      members: byRoom((room) => members.filter(in_(room)).map(nameOf).sort()),
      banned: byRoom((room) => bans.filter(in_(room)).map(nameOf).sort()),
      logs: byRoom((room) =>
        messages.filter(in_(room)).map((row) => {
          const { seq, content: text } = row;
          return { seq, who: nameOf(row), text, clientMsgId: row.clientMsgId ?? undefined };
        }),
      ),
      devices: Object.fromEntries(
        [...world.clients.values()].map(({ device, connection }) => [
          device,
          ROOMS.filter((room) => connection?.topics.has(roomTopic(world.rooms[room].id))).sort(),
        ]),
      ),
      bound: Object.fromEntries(
        [...world.clients.values()].flatMap(({ device, connection }) =>
          connection?.boundRoom === undefined ? [] : [[device, world.room(connection.boundRoom)]],
        ),
      ),
    };
  }

  /** All sides agree with each other: with what the snapshot says of members and devices. */
  async expectAgreement(world: World, snapshot: Snapshot): Promise<void> {
    this.expectRegistry(world, snapshot);
    await Promise.all([this.expectOverview(world, snapshot), this.expectMemberLists(world, snapshot)]);
  }

  /** Nothing of anybody is left, whatever there was. */
  expectNothing(): void {
    const registry = this.server.inside(ConnectionRegistry);
    expect({
      sockets: registry.size,
      topics: [...registry.countByTopic()],
      listened: [...this.listened],
    }).toEqual({
      sockets: 0,
      topics: [],
      listened: [],
    });
  }

  /** Only of this world: what an earlier one has left behind failed that one, and must not fail the next. */
  private expectRegistry(world: World, { devices }: Snapshot): void {
    const rooms = ROOMS.map((room) => [roomTopic(world.rooms[room].id), listenersIn(room, devices)] as const);
    const people = PEOPLE.map(
      (who) => [userTopic(world.people[who].id), devicesOf(who, devices).length] as const,
    );
    const counts = this.server.inside(ConnectionRegistry).countByTopic();
    const listening = (topics: typeof rooms) => topics.filter(([, count]) => count > 0);
    expect({
      counts: rooms.flatMap(([topic]) => (counts.has(topic) ? [[topic, counts.get(topic)]] : [])),
    }).toEqual({
      counts: listening(rooms),
    });
    const topics = [...rooms, ...people];
    expect({ broker: topics.map(([topic]) => topic).filter((topic) => this.listened.has(topic)) }).toEqual({
      broker: listening(topics).map(([topic]) => topic),
    });
    for (const who of PEOPLE) {
      const own = devicesOf(who, devices).map((device) => world.clients.get(device)?.connection?.id);
      const registered = [...world.connectionsOf(who)].map(({ id }) => id);
      expect({ who, registered: registered.sort() }).toEqual({ who, registered: own.sort() });
    }
    const ghosts = world.gone.flatMap(({ device, connection }) =>
      [...(connection?.topics ?? [])].map((topic) => `${device} in ${topic}`),
    );
    expect({ 'subscriptions of the gone': ghosts }).toEqual({ 'subscriptions of the gone': [] });
  }

  private async expectOverview(world: World, { devices }: Snapshot): Promise<void> {
    const { body } = await this.server.rest.get<Overview>('/api/connections', this.operator);
    const { size } = this.server.inside(ConnectionRegistry);
    expect(body).toMatchObject({ total_connections: size, active_connections: size });
    for (const room of ROOMS) {
      const count = body.connections_by_room[world.rooms[room].id];
      expect({ room, count }).toEqual({ room, count: listenersIn(room, devices) || undefined });
    }
    for (const { device, connection } of world.clients.values()) {
      const entry = body.connections.find(({ client_id }) => client_id === connection?.id);
      const rooms = entry?.rooms.map((id) => world.room(id)).sort();
      expect({ device, user_id: entry?.user_id, rooms }).toEqual({
        device,
        user_id: connection?.user?.id,
        rooms: devices[device],
      });
    }
  }

  private async expectMemberLists(world: World, { members }: Snapshot): Promise<void> {
    await Promise.all(
      ROOMS.map(async (room) => {
        const reader = PEOPLE.find((who) => members[room].includes(who));
        if (reader === undefined || this.listed.get(world.rooms[room].id) === members[room].join()) return;
        const { body } = await this.server.rest.get<{ user_id: number; username: string }[]>(
          `/api/rooms/${world.rooms[room].id}/members`,
          world.people[reader],
        );
        const listed = body.map(({ user_id, username }) => world.person(user_id, username)).sort();
        expect({ [`members of the ${room}`]: listed }).toEqual({ [`members of the ${room}`]: members[room] });
        this.listed.set(world.rooms[room].id, listed.join());
      }),
    );
  }
}

function listenersIn(room: RoomName, devices: Snapshot['devices']): number {
  return Object.values(devices).filter((rooms) => rooms.includes(room)).length;
}

function devicesOf(who: Name, devices: Snapshot['devices']): DeviceId[] {
  return DEVICE_IDS.filter((device) => personOf(device) === who && devices[device] !== undefined);
}

function byRoom<T>(of: (room: RoomName) => T): Record<RoomName, T> {
  return { lobby: of('lobby'), attic: of('attic'), den: of('den') };
}
