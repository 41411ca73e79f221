import { describe, expect, it } from '@jest/globals';
import { expectProblem, expectWrongFields } from '../support/problems.js';
import { runServer, type Person, type Room } from '../support/test-server.js';

const server = runServer();

interface Member {
  user_id: number;
  role: string;
}

const transfer = (room: Room, to: Person, by: Person) =>
  server.rest.put<Room>(`/api/rooms/${room.id}/owner`, by, { user_id: to.id });
const setRole = (room: Room, whom: Person, role: string, by: Person) =>
  server.rest.put(`/api/rooms/${room.id}/members/${whom.id}/role`, by, { role });
const leave = (room: Room, who: Person) => server.rest.post(`/api/rooms/${room.id}/leave`, undefined, who);
const see = async (room: Room, as: Person) => (await server.rest.get<Room>(`/api/rooms/${room.id}`, as)).body;
const auditOf = async (room: Room, action: string) => {
  const admin = await server.operator('admin');
  const path = `/api/audit?room_id=${room.id}&action=${action}`;
  return (await server.rest.get<{ actor_id: number; user_id: number }[]>(path, admin)).body;
};

describe('Handing a room over', () => {
  it('makes a member the owner and the old one an admin; the room hears of both', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.privateRoomOf(ada, bob);
    const [bobs] = await server.connectTo(room, bob);

    const answer = await transfer(room, bob, ada);

    expect(answer).toMatchObject({
      status: 200,
      body: { id: room.id, owner_id: bob.id, role: 'admin', is_member: true },
    });
    expect(answer.body.capabilities).not.toContain('transfer_ownership');
    expect(await see(room, bob)).toMatchObject({ owner_id: bob.id, role: 'owner' });
    expect(await bobs.next('role_changed')).toMatchObject({ user_id: ada.id, role: 'admin' });
    expect(await bobs.next('role_changed')).toMatchObject({ user_id: bob.id, role: 'owner' });
    expectProblem(await transfer(room, ada, ada), 403, 'forbidden');
    expectProblem(await setRole(room, bob, 'member', ada), 403, 'forbidden');
    expect((await setRole(room, ada, 'member', bob)).status).toBe(200);
    expect(await auditOf(room, 'ownership_transferred')).toMatchObject([
      { actor_id: ada.id, user_id: bob.id },
    ]);
  });

  it('and back gives both what they had', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);

    await transfer(room, bob, ada);
    await server.stop();
    await server.start();
    expect((await transfer(room, ada, bob)).body).toMatchObject({ owner_id: ada.id, role: 'admin' });

    expect(await see(room, ada)).toMatchObject({ role: 'owner', is_member: true });
  });

  it('is done by an owner who has left, too, who is a stranger then', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.privateRoomOf(ada, bob);
    await leave(room, ada);

    expect((await transfer(room, bob, ada)).body).toMatchObject({ role: null, is_member: false });

    expectProblem(await server.rest.get(`/api/rooms/${room.id}`, ada), 404, 'room_not_found');
    expect((await see(room, bob)).role).toBe('owner');
  });

  it('lifts a mute of the new owner, which nobody else could', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    await server.rest.put(`/api/rooms/${room.id}/mutes/${bob.id}`, ada);
    const [bobs] = await server.connectTo(room, bob);

    await transfer(room, bob, ada);

    expect(await bobs.next('mute_lifted')).toMatchObject({ room_id: room.id });
    expect(await bobs.say('mine')).toMatchObject({ seq: 1 });
  });

  it('is for the owner, to another member', async () => {
    const [ada, bob, cleo, eve] = await server.people('ada', 'bob', 'cleo', 'eve');
    const room = await server.roomOf(ada, bob, cleo);
    await setRole(room, bob, 'admin', ada);

    for (const actor of [bob, cleo, eve]) {
      expectProblem(await transfer(room, actor, actor), 403, 'forbidden');
      expectProblem(await transfer(room, cleo, actor), 403, 'forbidden');
    }
    expectProblem(await transfer(room, ada, ada), 403, 'forbidden');
    expectProblem(await transfer(room, eve, ada), 400, 'not_in_room');
    expectProblem(await transfer(room, { ...eve, id: 999999 }, ada), 404, 'user_not_found');
    expectWrongFields(await server.rest.put(`/api/rooms/${room.id}/owner`, ada, {}), 'user_id');
    expectWrongFields(
      await server.rest.put(`/api/rooms/${room.id}/owner`, ada, { user_id: bob.id, owner_id: 1 }),
      'owner_id',
    );
    expect((await see(room, ada)).owner_id).toBe(ada.id);
  });
});

describe('A room has exactly one owner', () => {
  it('after fifty transfers at once by the same owner: the first counts', async () => {
    const [ada, bob, cleo] = await server.people('ada', 'bob', 'cleo');
    const room = await server.roomOf(ada, bob, cleo);

    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => transfer(room, index % 2 === 0 ? bob : cleo, ada)),
    );

    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...Array<number>(49).fill(403)]);
    const { owner_id } = await see(room, ada);
    const winner = answers.find(({ status }) => status === 200);
    expect(owner_id).toBe(winner?.body.owner_id);
    expect(await ownersOf(room, bob)).toEqual([owner_id]);
    expect(await auditOf(room, 'ownership_transferred')).toHaveLength(1);
  });

  it('while fifty try to leave, to hand over and to demote each other', async () => {
    const people = await server.people('p1', 'p2', 'p3', 'p4', 'p5');
    const [ada, bob, cleo] = people;
    const room = await server.roomOf(...people);
    for (const admin of [bob, cleo]) await setRole(room, admin, 'admin', ada);
    const at = (index: number) => people[index % people.length] ?? ada;

    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => {
        const [actor, target] = [at(index), at(index + 1 + (index % 3))];
        if (index % 5 === 4) return setRole(room, target, 'member', actor);
        if (index % 7 === 6) return leave(room, index % 2 === 0 ? ada : bob);
        return transfer(room, target, actor);
      }),
    );

    expect(answers.every(({ status }) => status < 500)).toBe(true);
    const transfers = await auditOf(room, 'ownership_transferred');
    expect(transfers.length).toBeGreaterThan(0);
    // Each was done by whoever owned it then, and to the next: one line from the first owner to the last.
    let owner = ada.id;
    for (const { actor_id, user_id } of transfers.reverse()) {
      expect(actor_id).toBe(owner);
      owner = user_id;
    }
    const views = await Promise.all(people.map((person) => see(room, person)));
    expect(views.map(({ owner_id }) => owner_id)).toEqual(people.map(() => owner));
    expect(views.filter(({ role }) => role === 'owner')).toHaveLength(1);
  });

  it('when a transfer crosses a kick of the heir: the kick comes first, or is refused', async () => {
    const [ada, bob, cleo] = await server.people('ada', 'bob', 'cleo');
    const room = await server.roomOf(ada, bob, cleo);
    await setRole(room, cleo, 'admin', ada);

    const [handed, kicked] = await Promise.all([
      transfer(room, bob, ada),
      server.rest.delete(`/api/rooms/${room.id}/members/${bob.id}`, cleo),
    ]);

    expect([handed.status, kicked.status]).toEqual(handed.status === 200 ? [200, 403] : [400, 204]);
    expect(await see(room, bob)).toMatchObject({ is_member: handed.status === 200 });
    expect((await see(room, ada)).owner_id).toBe(handed.status === 200 ? bob.id : ada.id);
  });
});

describe('Limits', () => {
  const limited = runServer({ MAX_ROOMS_OWNED: '2', MAX_ROOMS_PER_USER: '3' });

  it('hold for the rooms that somebody owns, made or handed over, also for a crowd of requests', async () => {
    const [ada, bob] = await limited.people('ada', 'bob');
    const room = await limited.roomOf(bob, ada);
    const make = () => limited.rest.post('/api/rooms', { name: limited.uniqueName('room') }, ada);

    const made = await Promise.all(Array.from({ length: 10 }, make));

    expect(made.filter(({ status }) => status === 201)).toHaveLength(2);
    for (const answer of made.filter(({ status }) => status !== 201)) {
      expectProblem(answer, 403, 'too_many_rooms_owned');
    }
    const path = `/api/rooms/${room.id}/owner`;
    expectProblem(await limited.rest.put(path, bob, { user_id: ada.id }), 403, 'too_many_rooms_owned');
    expect((await limited.rest.get<Room>(`/api/rooms/${room.id}`, bob)).body.role).toBe('owner');
  });

  it('hold for the rooms that somebody is in, whichever way they come', async () => {
    const [ada, bob, cleo, eve] = await limited.people('ada', 'bob', 'cleo', 'eve');
    const rooms = [await limited.room(ada), await limited.room(ada), await limited.room(bob)];
    const fourth = await limited.room(bob);
    const join = (room: Room) => limited.rest.post(`/api/rooms/${room.id}/join`, undefined, eve);
    for (const room of rooms) expect((await join(room)).status).toBe(200);
    const [eves] = await limited.connect(eve);

    expectProblem(await join(fourth), 403, 'too_many_memberships');
    expect(await eves.ask({ type: 'join_room', room_id: fourth.id })).toMatchObject({
      code: 'too_many_memberships',
    });
    const added = await limited.rest.put(`/api/rooms/${fourth.id}/members/${eve.id}`, bob);
    expectProblem(added, 403, 'too_many_memberships');
    const made = await limited.rest.post('/api/rooms', { name: limited.uniqueName('room') }, eve);
    expectProblem(made, 403, 'too_many_memberships');

    for (const room of rooms) expect((await join(room)).status).toBe(200);
    expect((await limited.rest.post(`/api/rooms/${fourth.id}/join`, undefined, cleo)).status).toBe(200);
    await limited.rest.post(`/api/rooms/${rooms[0]?.id}/leave`, undefined, eve);
    expect((await join(fourth)).status).toBe(200);
  });
});

async function ownersOf(room: Room, as: Person): Promise<number[]> {
  const { body } = await server.rest.get<Member[]>(`/api/rooms/${room.id}/members`, as);
  return body.filter(({ role }) => role === 'owner').map(({ user_id }) => user_id);
}
