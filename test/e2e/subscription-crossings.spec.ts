import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { ConnectionRegistry } from '../../src/connections/connection-registry.js';
import { roomTopic } from '../../src/connections/topics.js';
import { RoomCatchUp } from '../../src/messages/room-catch-up.js';
import { MembershipsService } from '../../src/rooms/memberships.service.js';
import { RoomAccess } from '../../src/rooms/room-access.js';
import type { ServerFrame } from '../support/frames.js';
import type { SocketClient } from '../support/socket-client.js';
import { runServer, type Person, type Room } from '../support/test-server.js';
import { until } from '../support/until.js';

const server = runServer();
afterEach(() => {
  jest.restoreAllMocks();
});

interface Gate {
  /** Resolves when somebody stands before the gate. */
  readonly reached: Promise<void>;
  open: () => void;
  readonly opened: Promise<void>;
  knock: () => void;
  /** Resolves when whoever was held back has gone through, and has had a turn to go on. */
  readonly isOver: Promise<void>;
}

function gate(): Gate {
  let open = () => {};
  let knock = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  const reached = new Promise<void>((resolve) => (knock = resolve));
  const isOver = opened.then(() => new Promise<void>((resolve) => setImmediate(resolve)));
  return { reached, opened, open, knock, isOver };
}

/** Lets the next look at a membership see what there is, and keeps its answer back. */
function holdAnswerOfLook(): Gate {
  const held = gate();
  const access = server.inside(RoomAccess);
  const require = access.require.bind(access);
  jest.spyOn(access, 'require').mockImplementationOnce(async (...question) => {
    const answer = await require(...question);
    held.knock();
    await held.opened;
    return answer;
  });
  return held;
}

/** Keeps the answer to the next join back: the membership is there, the subscription is not. */
function holdJoin(): Gate {
  const held = gate();
  const memberships = server.inside(MembershipsService);
  const join = memberships.join.bind(memberships);
  jest.spyOn(memberships, 'join').mockImplementationOnce(async (...whoAndWhere) => {
    const room = await join(...whoAndWhere);
    held.knock();
    await held.opened;
    return room;
  });
  return held;
}

/** Keeps a page of the backlog back that has been read: the first, or one after others. */
function holdPage(number: number): Gate {
  const held = gate();
  const source = server.inside(RoomCatchUp);
  const after = source.after.bind(source);
  let pages = 0;
  jest.spyOn(source, 'after').mockImplementation(async (...place) => {
    const isHeld = ++pages === number;
    try {
      return await after(...place);
    } finally {
      if (isHeld) {
        held.knock();
        await held.opened;
      }
    }
  });
  return held;
}

function listenersOf(room: Room): number {
  return server.inside(ConnectionRegistry).countByTopic().get(roomTopic(room.id)) ?? 0;
}

/** The types of the frames about the room that came after the newest one of this type. */
function typesAfter(client: SocketClient, type: 'room_left' | 'room_joined', room: Room): string[] {
  const ofRoom = client.inbox.filter((frame) => 'room_id' in frame && frame.room_id === room.id);
  const newest = ofRoom.findLastIndex((frame) => frame.type === type);
  return newest === -1 ? [`no ${type}`] : ofRoom.slice(newest + 1).map((frame) => frame.type);
}

function kick(owner: Person, room: Room, whom: Person) {
  return server.rest.delete(`/api/rooms/${room.id}/members/${whom.id}`, owner);
}

function heardBy(client: SocketClient, seq: number): number {
  return client.inbox.flatMap(seqsOf).filter((heard) => heard === seq).length;
}

function seqsOf(frame: ServerFrame): number[] {
  if (frame.type === 'message') return [frame.seq];
  return frame.type === 'message_history' ? frame.messages.map(({ seq }) => seq) : [];
}

async function fill(room: Room, author: Person, count: number): Promise<void> {
  const [client] = await server.connect(author);
  const posts = Array.from({ length: count }, (_, index) =>
    client.say(`message ${index + 1}`, { room_id: room.id }),
  );
  await Promise.all(posts);
  await client.close();
}

describe('A socket that closes while its join_room is under way', () => {
  it.each<[string, () => Gate]>([
    ['before it is subscribed', holdJoin],
    ['before its subscription is confirmed', holdAnswerOfLook],
    ['before its history is read', () => holdPage(1)],
  ])('%s leaves nothing behind', async (_, hold) => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada);
    const [bobs] = await server.connect(bob);
    const [connection] = server.inside(ConnectionRegistry).connectionsOf(bob.id);
    const held = hold();

    bobs.send({ type: 'join_room', room_id: room.id, after_seq: 0 });
    await held.reached;
    bobs.terminate();
    await connection?.whenClosed();
    held.open();
    await connection?.frames.idle();

    expect(connection?.topics).toEqual(new Set());
    expect(listenersOf(room)).toBe(0);
    const [adas] = await server.connectTo(room, ada);
    await adas.say('anybody there?');
    expect(listenersOf(room)).toBe(1);
  });
});

describe('A kick that crosses a join_room', () => {
  it('refuses it, when it comes before the subscription', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [bobs] = await server.connect(bob);
    const held = holdJoin();

    bobs.send({ type: 'join_room', room_id: room.id, ref: 'j' });
    await held.reached;
    expect((await kick(ada, room, bob)).status).toBe(204);
    held.open();

    expect(await bobs.answerTo('j')).toMatchObject({ type: 'error', code: 'not_a_member' });
    expect(listenersOf(room)).toBe(0);
    expect(bobs.all('room_joined')).toEqual([]);
  });

  it('is the last that the socket hears of it, when it comes right after the look at the membership', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [bobs] = await server.connect(bob);
    const look = holdAnswerOfLook();

    bobs.send({ type: 'join_room', room_id: room.id, ref: 'j' });
    await look.reached;
    expect((await kick(ada, room, bob)).status).toBe(204);
    look.open();
    const answer = await bobs.answerTo('j');
    await bobs.settled();

    expect(listenersOf(room)).toBe(0);
    expect(typesAfter(bobs, 'room_left', room)).not.toContain('room_joined');
    expect(answer).toMatchObject({ type: 'error', code: 'not_a_member' });
  });
});

describe('A kick that crosses a catch-up', () => {
  it('is the last that a socket hears of the room, between two pages too', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    await fill(room, ada, 230);
    const [bobs] = await server.connect(bob);
    const page = holdPage(2);

    bobs.send({ type: 'join_room', room_id: room.id, after_seq: 0 });
    await page.reached;
    expect((await kick(ada, room, bob)).status).toBe(204);
    page.open();
    await bobs.next('room_left');
    await bobs.settled();
    await page.isOver;
    await bobs.settled();

    expect(bobs.all('message_history')).toHaveLength(1);
    expect(typesAfter(bobs, 'room_left', room)).toEqual([]);
    expect(listenersOf(room)).toBe(0);
  });

  it('closes a room socket, and sends no further page', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    await fill(room, ada, 230);
    const page = holdPage(2);

    const bobs = await server.socket(`/ws/room/${room.id}?after_seq=0`, bob);
    await page.reached;
    expect((await kick(ada, room, bob)).status).toBe(204);
    page.open();

    expect(await bobs.closed()).toMatchObject({ code: 4403 });
    expect(bobs.all('message_history')).toHaveLength(1);
    expect(listenersOf(room)).toBe(0);
  });
});

describe('Two devices of one user, of which one joins while the other leaves', () => {
  it('agree with the server on which of them hears the room, whoever was first', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas] = await server.connectTo(room, ada);
    const [phone, laptop] = await server.connect(bob, bob);

    for (let round = 1; round <= 40; round += 1) {
      const asked = [
        () => phone.ask({ type: 'join_room', room_id: room.id }),
        () => laptop.ask({ type: 'leave_room', room_id: room.id }),
      ];
      await Promise.all((round % 2 === 0 ? asked : asked.reverse()).map((ask) => ask()));
      await Promise.all([phone.settled(), laptop.settled()]);
      const { seq } = await adas.say(`round ${round}`);
      await Promise.all([phone.settled(), adas.settled()]);

      const isIn = typesAfter(phone, 'room_joined', room).every((type) => type !== 'room_left');
      expect(listenersOf(room)).toBe(isIn ? 2 : 1);
      expect(heardBy(phone, seq)).toBe(isIn ? 1 : 0);
      expect(heardBy(laptop, seq)).toBe(0);
      const memberships = adas.inbox
        .map(({ type }) => type)
        .filter((type) => /^user_(joined|left)$/.test(type));
      const alternating = memberships.map((_, index) => (index % 2 === 0 ? 'user_left' : 'user_joined'));
      expect(memberships).toEqual(alternating);
      if (memberships.at(-1) === 'user_left') await server.rest.post(`/api/rooms/${room.id}/join`, {}, bob);
      await adas.settled();
    }
  });
});

describe('Two join_room for one room in one turn', () => {
  it('are one subscription, with a history behind the second', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    await fill(room, ada, 230);
    const [bobs] = await server.connect(bob);

    bobs.send({ type: 'join_room', room_id: room.id, after_seq: 0, ref: 'first' });
    bobs.send({ type: 'join_room', room_id: room.id, after_seq: 100, ref: 'second' });
    expect(await bobs.answerTo('first')).toMatchObject({ type: 'ack' });
    expect(await bobs.answerTo('second')).toMatchObject({ type: 'ack' });
    const [adas] = await server.connectTo(room, ada);
    await adas.say('live');
    await until(
      () => bobs.settled(),
      () => bobs.all('message_history').some((page) => !page.has_more),
    );
    await bobs.settled();

    expect(bobs.all('room_joined')).toHaveLength(2);
    const begun = bobs.inbox.findLastIndex(({ type }) => type === 'room_joined');
    const after = bobs.inbox.slice(begun + 1).flatMap(seqsOf);
    expect(after).toEqual(Array.from({ length: 131 }, (_, index) => 101 + index));
    expect(listenersOf(room)).toBe(2);
  });

  it.each([
    ['with another place', { type: 'join_room', after_seq: 5 }, 'room_joined'],
    ['to leave it again', { type: 'leave_room' }, 'room_left'],
  ] as const)('the second %s: no gap of the first comes behind it', async (_, second, answer) => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    await fill(room, ada, 10);
    const [bobs] = await server.connect(bob);
    const page = holdPage(1);

    bobs.send({ type: 'join_room', room_id: room.id, after_seq: 1_000 });
    await page.reached;
    bobs.send({ ...second, room_id: room.id, ref: 'second' });
    expect(await bobs.answerTo('second')).toMatchObject({ type: 'ack' });
    page.open();
    await bobs.settled();
    await page.isOver;
    await bobs.settled();

    expect(typesAfter(bobs, answer, room)).not.toContain('error');
  });
});
