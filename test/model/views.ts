import { expect, jest } from '@jest/globals';
import { DataSource, In } from 'typeorm';
import { Broker } from '../../src/connections/broker/broker.js';
import { roomTopic, userTopic } from '../../src/connections/topics.js';
import { Message } from '../../src/messages/message.entity.js';
import { Ban } from '../../src/rooms/ban.entity.js';
import { Membership } from '../../src/rooms/membership.entity.js';
import type { Person, TestServer } from '../support/test-server.js';
import type { DeviceId, Entry } from './action.js';
import type { ChatState } from './chat-model.js';
import { PEOPLE, ROOMS, type RoomName } from './steps.js';
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

  private expectRegistry({ registry, ...world }: World, { devices }: Snapshot): void {
    const counts = ROOMS.map(
      (room) => [roomTopic(world.rooms[room].id), listenersIn(room, devices)] as const,
    );
    const heard = new Map(counts.filter(([, count]) => count > 0));
    expect({ 'countByTopic()': registry.countByTopic() }).toEqual({ 'countByTopic()': heard });
    const people = PEOPLE.filter((who) => Object.keys(devices).some((device) => device.startsWith(who)));
    const topics = [...heard.keys(), ...people.map((who) => userTopic(world.people[who].id))].sort();
    expect({ 'topics at the broker': [...this.listened].sort() }).toEqual({ 'topics at the broker': topics });
    const open = [...world.clients.values()].map(({ connection }) => connection);
    expect(new Set(registry.connections)).toEqual(new Set(open));
    for (const who of PEOPLE) {
      const own = [...world.clients.values()].filter(({ device }) => device.startsWith(who));
      const connections = registry.connectionsOf(world.people[who].id);
      expect([...connections].map(({ id }) => id)).toEqual(
        expect.arrayContaining(own.map(({ connection }) => connection?.id)),
      );
      expect(connections.size).toBe(own.length);
    }
    const ghosts = world.gone.flatMap(({ device, connection }) =>
      [...(connection?.topics ?? [])].map((topic) => `${device} in ${topic}`),
    );
    expect({ 'subscriptions of the gone': ghosts }).toEqual({ 'subscriptions of the gone': [] });
  }

  private async expectOverview(world: World, { devices }: Snapshot): Promise<void> {
    const { body } = await this.server.rest.get<Overview>('/api/connections', this.operator);
    const rooms = ROOMS.map((room) => [world.rooms[room].id, listenersIn(room, devices)] as const);
    const size = world.clients.size;
    expect(body).toMatchObject({ total_connections: size, active_connections: size });
    expect({ connections_by_room: body.connections_by_room }).toEqual({
      connections_by_room: Object.fromEntries(rooms.filter(([, count]) => count > 0)),
    });
    const listed = body.connections.map(({ client_id, rooms }) => [
      client_id,
      rooms.map((id) => world.room(id)).sort(),
    ]);
    const held = [...world.clients.values()].map(({ device, connection }) => [
      connection?.id,
      devices[device],
    ]);
    expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(held));
  }

  private async expectMemberLists(world: World, { members }: Snapshot): Promise<void> {
    await Promise.all(
      ROOMS.map(async (room) => {
        const reader = PEOPLE.find((who) => members[room].includes(who));
        if (reader === undefined) return;
        const { body } = await this.server.rest.get<{ user_id: number; username: string }[]>(
          `/api/rooms/${world.rooms[room].id}/members`,
          world.people[reader],
        );
        const listed = body.map(({ user_id, username }) => world.person(user_id, username)).sort();
        expect({ [`members of the ${room}`]: listed }).toEqual({ [`members of the ${room}`]: members[room] });
      }),
    );
  }
}

function listenersIn(room: RoomName, devices: Snapshot['devices']): number {
  return Object.values(devices).filter((rooms) => rooms.includes(room)).length;
}

function byRoom<T>(of: (room: RoomName) => T): Record<RoomName, T> {
  return { lobby: of('lobby'), attic: of('attic'), den: of('den') };
}
