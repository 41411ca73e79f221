import { describe, expect, it } from '@jest/globals';
import { ConnectionRegistry } from '../../src/connections/connection-registry.js';
import { runServer } from '../support/test-server.js';
import { until } from '../support/until.js';

const server = runServer();
const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

describe('Typing', () => {
  it('reaches the room without the typist', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas, bobs] = await server.connectTo(room, ada, bob);

    adas.send({ type: 'typing' });

    expect(await bobs.next('user_typing')).toEqual({
      type: 'user_typing',
      user_id: ada.id,
      username: ada.username,
      room_id: room.id,
      timestamp: expect.stringMatching(UTC),
      expires_in: expect.any(Number),
    });
    await adas.settled();
    expect(adas.all('user_typing')).toEqual([]);
  });

  it('on another device of the typist shows nothing', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [phone, bobs] = await server.connectTo(room, ada, bob);
    const [laptop] = await server.connectAndJoin(room, ada);

    phone.send({ type: 'typing' });

    await bobs.next('user_typing');
    await laptop.settled();
    expect(laptop.all('user_typing')).toEqual([]);
  });

  it('from /ws/auth names its room, and stays in it', async () => {
    const [ada, bob, cleo] = await server.people('ada', 'bob', 'cleo');
    const room = await server.roomOf(ada, bob);
    const other = await server.roomOf(ada, cleo);
    const [adas] = await server.connectAndJoin(room, ada);
    const [bobs] = await server.connectTo(room, bob);
    const [cleos] = await server.connectTo(other, cleo);

    expect(await adas.ask({ type: 'typing', room_id: room.id })).toMatchObject({ type: 'ack' });

    expect(await bobs.next('user_typing')).toMatchObject({ user_id: ada.id, room_id: room.id });
    await cleos.settled();
    expect(cleos.all('user_typing')).toEqual([]);
  });

  it('is not stored', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas, bobs] = await server.connectTo(room, ada, bob);
    adas.send({ type: 'typing' });
    await bobs.next('user_typing');

    const late = await server.socket(`/ws/room/${room.id}?after_seq=0`, bob);

    expect(await late.next('message_history')).toMatchObject({ messages: [], head_seq: 0 });
  });
});

describe('The end of typing', () => {
  it('comes by itself when time is up; a message, a leave and a disconnect have said so already', async () => {
    const people = await server.people('watcher', 'sender', 'leaver', 'goer', 'idler');
    const [watcher, sender, leaver, goer, idler] = people;
    const room = await server.roomOf(...people);
    const [watching, sending, leaving, going, idling] = await server.connectTo(room, ...people);
    for (const client of [sending, leaving, going, idling, idling]) {
      client.send({ type: 'typing' });
      await watching.next('user_typing');
    }

    await sending.say('typed');
    await server.rest.post(`/api/rooms/${room.id}/leave`, undefined, leaver);
    going.terminate();

    expect(await watching.next('message')).toMatchObject({ user_id: sender.id });
    expect(await watching.next('user_left')).toMatchObject({ user_id: leaver.id });
    expect(await watching.next('user_disconnected')).toMatchObject({ user_id: goer.id });
    // Whoever typed last expires last, so the ends of the others would have come before.
    const end = await watching.next('user_typing');
    expect(end).toMatchObject({ user_id: idler.id, room_id: room.id, expires_in: 0 });
    await watching.settled();
    const ends = watching.all('user_typing').filter(({ expires_in }) => expires_in === 0);
    expect(ends).toEqual([end]);
    expect(watching.all('user_typing').map(({ user_id }) => user_id)).not.toContain(watcher.id);
  });

  it('comes when the last device that typed has gone and another of the same user stays', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas] = await server.connectTo(room, ada);
    const [phone, laptop] = await server.connectTo(room, bob, bob);
    const [tablet] = await server.connectTo(room, bob);
    for (const device of [tablet, phone]) {
      device.send({ type: 'typing' });
      await adas.next('user_typing');
    }

    tablet.terminate();
    await until(
      async () => {
        await adas.settled();
        return server.inside(ConnectionRegistry).connectionsOf(bob.id).size;
      },
      (count) => count === 2,
    );
    await adas.settled();
    expect(adas.all('user_typing')).toHaveLength(2);
    phone.terminate();

    expect(await adas.next('user_typing')).toMatchObject({ user_id: bob.id, expires_in: 0 });
    await laptop.settled();
    await adas.settled();
    expect(adas.all('user_disconnected')).toEqual([]);
    expect(laptop.all('user_typing')).toEqual([]);
  });

  it('comes from a device that typed without listening to the room', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas] = await server.connectTo(room, ada);
    const [bobs] = await server.connect(bob);
    await bobs.ask({ type: 'typing', room_id: room.id });
    expect(await adas.next('user_typing')).toMatchObject({ expires_in: 6 });

    await bobs.close();

    expect(await adas.next('user_typing')).toMatchObject({ user_id: bob.id, expires_in: 0 });
  });
});

describe('user_disconnected', () => {
  it('comes after the last socket of the user in the room, not before', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas] = await server.connectTo(room, ada);
    const [first, second] = await server.connectTo(room, bob, bob);
    const [third] = await server.connectAndJoin(room, bob);

    await first.close();
    await third.close();
    await second.say('still here');
    await adas.next('message');
    expect(adas.all('user_disconnected')).toEqual([]);
    await second.close();

    expect(await adas.next('user_disconnected')).toEqual({
      type: 'user_disconnected',
      user_id: bob.id,
      username: bob.username,
      room_id: room.id,
      timestamp: expect.stringMatching(UTC),
    });
    await adas.settled();
    expect(adas.all('user_disconnected')).toHaveLength(1);
    expect(adas.all('user_left')).toEqual([]);
  });

  it('comes for a /ws/auth socket in each of its rooms', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const rooms = [await server.roomOf(ada, bob), await server.roomOf(ada, bob)] as const;
    const [one] = await server.connectTo(rooms[0], ada);
    const [other] = await server.connectTo(rooms[1], ada);
    const [bobs] = await server.connectAndJoin(rooms[0], bob);
    await bobs.ask({ type: 'join_room', room_id: rooms[1].id });

    await bobs.close();

    expect(await one.next('user_disconnected')).toMatchObject({ user_id: bob.id, room_id: rooms[0].id });
    expect(await other.next('user_disconnected')).toMatchObject({ user_id: bob.id, room_id: rooms[1].id });
  });

  it('comes for a socket that died without a word', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas, bobs] = await server.connectTo(room, ada, bob);

    bobs.terminate();

    expect(await adas.next('user_disconnected')).toMatchObject({ user_id: bob.id });
  });

  it('does not come for a socket that never came to the room', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas] = await server.connectTo(room, ada);
    const [bobs] = await server.connect(bob);

    await bobs.close();

    await adas.say('nothing happened');
    await adas.settled();
    expect(adas.all('user_disconnected')).toEqual([]);
  });

  it('leaves the membership as it is', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas, bobs] = await server.connectTo(room, ada, bob);
    await bobs.close();
    await adas.next('user_disconnected');

    expect((await server.rest.get(`/api/rooms/${room.id}/messages`, bob)).status).toBe(200);
    await server.connectTo(room, bob);
    await adas.settled();
    expect(adas.all('user_joined')).toEqual([]);
  });
});

describe('A dead socket', () => {
  it('does not stop the delivery to the rest of the room', async () => {
    const [ada, bob, cleo] = await server.people('ada', 'bob', 'cleo');
    const room = await server.roomOf(ada, bob, cleo);
    for (let round = 0; round < 10; round += 1) {
      const [adas, bobs, cleos] = await server.connectTo(room, ada, bob, cleo);

      for (let count = 0; count < 10; count += 1) {
        adas.send({ content: `round ${round}, message ${count}` });
        if (count === 5) bobs.terminate();
      }

      for (let count = 0; count < 10; count += 1) {
        expect((await cleos.next('message')).content).toBe(`round ${round}, message ${count}`);
      }
      await adas.close();
      await cleos.close();
    }
  });
});
