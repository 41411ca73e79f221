import { describe, expect, it } from '@jest/globals';
import { expectProblem, expectWrongFields } from '../support/problems.js';
import type { Answer } from '../support/rest-client.js';
import { runServer, type Person, type Room } from '../support/test-server.js';

const server = runServer();

interface Member {
  user_id: number;
  username: string;
  role: string;
}

const OF_ADMINS = ['read', 'send', 'invite', 'add_members', 'kick', 'ban', 'mute'];

const member = (room: Room, whom: Person) => `/api/rooms/${room.id}/members/${whom.id}`;
const setRole = (room: Room, whom: Person, role: string, by: Person) =>
  server.rest.put<Member>(`${member(room, whom)}/role`, by, { role });
const see = async (room: Room, as: Person) => (await server.rest.get<Room>(`/api/rooms/${room.id}`, as)).body;
const kick = (room: Room, whom: Person, by: Person) => server.rest.delete(member(room, whom), by);
const ban = (room: Room, whom: Person, by: Person) =>
  server.rest.put(`/api/rooms/${room.id}/bans/${whom.id}`, by);
const mute = (room: Room, whom: Person, by: Person) =>
  server.rest.put(`/api/rooms/${room.id}/mutes/${whom.id}`, by);
const add = (room: Room, whom: Person, by: Person) => server.rest.put(member(room, whom), by);

/** A room of the first, with the second as its admin and the others as members. */
async function roomWithAdmin(owner: Person, admin: Person, ...members: Person[]): Promise<Room> {
  const room = await server.roomOf(owner, admin, ...members);
  expect((await setRole(room, admin, 'admin', owner)).status).toBe(200);
  return room;
}

describe('An owner makes admins', () => {
  it('who see what they may do, in the room, in the list of rooms and among the members', async () => {
    const [ada, bob, cleo] = await server.people('ada', 'bob', 'cleo');
    const room = await server.roomOf(ada, bob, cleo);

    const answer = await setRole(room, bob, 'admin', ada);

    expect(answer).toMatchObject({
      status: 200,
      body: { user_id: bob.id, username: bob.username, role: 'admin', joined_at: expect.any(String) },
    });
    expect(await see(room, bob)).toMatchObject({ role: 'admin', is_member: true, capabilities: OF_ADMINS });
    const rooms = await server.rest.get<Room[]>('/api/rooms', bob);
    expect(rooms.body).toContainEqual(await see(room, bob));
    const members = await server.rest.get<Member[]>(`/api/rooms/${room.id}/members`, cleo);
    expect(members.body.map(({ user_id, role }) => [user_id, role])).toEqual([
      [ada.id, 'owner'],
      [bob.id, 'admin'],
      [cleo.id, 'member'],
    ]);
  });

  it('and members again; the room hears of each change, once', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas, bobs] = await server.connectTo(room, ada, bob);

    for (const role of ['admin', 'admin', 'member']) {
      expect(await setRole(room, bob, role, ada)).toMatchObject({ status: 200, body: { role } });
    }

    await adas.settled();
    await bobs.settled();
    const about = { type: 'role_changed', user_id: bob.id, username: bob.username, room_id: room.id };
    for (const socket of [adas, bobs]) {
      expect(socket.all('role_changed')).toEqual([
        { ...about, role: 'admin', timestamp: expect.any(String) },
        { ...about, role: 'member', timestamp: expect.any(String) },
      ]);
    }
    expect(await see(room, bob)).toMatchObject({ role: 'member', capabilities: ['read', 'send'] });
  });

  it('which outlasts a restart, but not leaving the room', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await roomWithAdmin(ada, bob);
    await server.stop();
    await server.start();
    expect((await see(room, bob)).role).toBe('admin');

    await server.rest.post(`/api/rooms/${room.id}/leave`, undefined, bob);
    expect(await see(room, bob)).toMatchObject({ role: null, capabilities: [] });
    await server.rest.post(`/api/rooms/${room.id}/join`, undefined, bob);

    expect((await see(room, bob)).role).toBe('member');
  });

  it('only of others, only of members, and only to roles that there are', async () => {
    const [ada, bob, eve] = await server.people('ada', 'bob', 'eve');
    const room = await server.roomOf(ada, bob);

    expectProblem(await setRole(room, ada, 'member', ada), 403, 'forbidden');
    expectProblem(await setRole(room, eve, 'admin', ada), 400, 'not_in_room');
    expectProblem(await setRole(room, { ...eve, id: 999999 }, 'admin', ada), 404, 'user_not_found');
    expectWrongFields(await setRole(room, bob, 'owner', ada), 'role');
    expectWrongFields(await server.rest.put(`${member(room, bob)}/role`, ada, {}), 'role');
    expect((await see(room, ada)).role).toBe('owner');
  });

  it('and nobody else does', async () => {
    const [ada, bob, cleo, eve] = await server.people('ada', 'bob', 'cleo', 'eve');
    const room = await roomWithAdmin(ada, bob, cleo);

    for (const actor of [bob, cleo, eve]) {
      expectProblem(await setRole(room, cleo, 'admin', actor), 403, 'forbidden');
      expectProblem(await setRole(room, ada, 'member', actor), 403, 'forbidden');
    }
    expect((await see(room, cleo)).role).toBe('member');
  });
});

describe('An admin', () => {
  it('adds, mutes, kicks, bans and lets in again', async () => {
    const [ada, bob, cleo] = await server.people('ada', 'bob', 'cleo');
    const room = await server.privateRoomOf(ada, bob);
    await setRole(room, bob, 'admin', ada);

    expect((await add(room, cleo, bob)).status).toBe(200);
    expect((await mute(room, cleo, bob)).status).toBe(200);
    expect((await kick(room, cleo, bob)).status).toBe(204);
    expect((await ban(room, cleo, bob)).status).toBe(204);
    expectProblem(await add(room, cleo, bob), 403, 'banned');
    expect((await server.rest.delete(`/api/rooms/${room.id}/bans/${cleo.id}`, bob)).status).toBe(204);
    expect((await add(room, cleo, bob)).status).toBe(200);
  });

  it.each<[string, typeof kick]>([
    ['kick', kick],
    ['ban', ban],
    ['mute', mute],
    ['unmute', (room, whom, by) => server.rest.delete(`/api/rooms/${room.id}/mutes/${whom.id}`, by)],
  ])('does not %s the owner, another admin or themselves', async (_, act) => {
    const [ada, bob, cleo] = await server.people('ada', 'bob', 'cleo');
    const room = await roomWithAdmin(ada, bob, cleo);
    await setRole(room, cleo, 'admin', ada);

    for (const target of [ada, bob, cleo]) expectProblem(await act(room, target, bob), 403, 'forbidden');

    for (const [person, role] of [
      [ada, 'owner'],
      [bob, 'admin'],
      [cleo, 'admin'],
    ] as const) {
      expect(await see(room, person)).toMatchObject({ role, is_member: true });
      expect((await see(room, person)).capabilities).toContain('send');
    }
  });

  it('is at the owner’s mercy like anybody', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await roomWithAdmin(ada, bob);
    const [bobs] = await server.connectAndJoin(room, bob);

    expect((await kick(room, bob, ada)).status).toBe(204);

    expect(await bobs.next('room_left')).toMatchObject({ reason: 'kicked' });
    expectProblem(await kick(room, ada, bob), 403, 'forbidden');
  });

  it('of one room is a stranger in another', async () => {
    const [ada, bob, cleo] = await server.people('ada', 'bob', 'cleo');
    await roomWithAdmin(ada, bob);
    const other = await server.privateRoomOf(ada, cleo);

    expectProblem(await kick(other, cleo, bob), 404, 'room_not_found');
    expectProblem(await setRole(other, cleo, 'admin', bob), 404, 'room_not_found');
  });
});

describe('A role that is taken away', () => {
  it('counts for what comes next: of a kick and the end of its right, one comes first', async () => {
    const [ada, bob, ...rest] = await server.people('ada', 'bob', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6');
    const room = await roomWithAdmin(ada, bob, ...rest);

    const demoted = setRole(room, bob, 'member', ada);
    const kicks = await Promise.all(rest.map((person) => kick(room, person, bob)));
    expect((await demoted).status).toBe(200);
    const late = await kick(room, ada, bob);

    expectProblem(late, 403, 'forbidden');
    const statuses = kicks.map(({ status }) => status);
    expect(statuses.every((status) => status === 204 || status === 403)).toBe(true);
    const left = await server.rest.get<Member[]>(`/api/rooms/${room.id}/members`, ada);
    const kicked = rest.filter((_, index) => statuses[index] === 204).map(({ id }) => id);
    expect(left.body.map(({ user_id }) => user_id).sort()).toEqual(
      [ada, bob, ...rest]
        .map(({ id }) => id)
        .filter((id) => !kicked.includes(id))
        .sort(),
    );
  });

  it('is not given back by a promotion that crosses a kick', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);

    const [promoted, kicked] = await Promise.all([setRole(room, bob, 'admin', ada), kick(room, bob, ada)]);

    expect(kicked.status).toBe(204);
    expect([200, 400]).toContain(promoted.status);
    expect(await see(room, bob)).toMatchObject({ role: null, is_member: false, capabilities: [] });
  });
});

describe('The members of a large room', () => {
  it('come in pages, each member once, though some leave meanwhile', async () => {
    const people = await server.people('ada', 'b1', 'b2', 'b3', 'b4', 'b5', 'b6');
    const [ada, gone, ...others] = people;
    const room = await server.roomOf(ada, gone, ...others);
    const seen: number[] = [];

    let path: string | undefined = `/api/rooms/${room.id}/members?limit=2`;
    while (path !== undefined) {
      const page: Answer<Member[]> = await server.rest.get(path, ada);
      expect(page.status).toBe(200);
      expect(page.body.length).toBeLessThanOrEqual(2);
      seen.push(...page.body.map(({ user_id }) => user_id));
      if (seen.length === 2) await kick(room, gone, ada);
      path = /^<([^>]+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1];
    }

    expect(seen).toEqual(people.map(({ id }) => id));
    const all = await server.rest.get<Member[]>(`/api/rooms/${room.id}/members`, ada);
    expect(all.body).toHaveLength(people.length - 1);
    expect(all.headers.get('link')).toBeNull();
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['after=x', 'after'],
    ['after=1', 'after'],
    ['before=1', 'before'],
  ])('refuses ?%s', async (query, field) => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);

    expectWrongFields(await server.rest.get(`/api/rooms/${room.id}/members?${query}`, ada), field);
  });
});

describe('What is done in a room', () => {
  it('is audited: who, what, to whom', async () => {
    const [ada, bob, cleo] = await server.people('ada', 'bob', 'cleo');
    const admin = await server.operator('admin');
    const room = await roomWithAdmin(ada, bob);
    await add(room, cleo, bob);
    await add(room, cleo, bob);
    await kick(room, cleo, bob);
    await server.rest.put(`/api/rooms/${room.id}/bans/${cleo.id}`, bob, { seconds: 60, reason: 'spam' });
    await server.rest.delete(`/api/rooms/${room.id}/bans/${cleo.id}`, bob);
    await server.rest.delete(`/api/rooms/${room.id}/bans/${cleo.id}`, bob);
    expectProblem(await kick(room, ada, bob), 403, 'forbidden');

    const { body } = await server.rest.get<object[]>(`/api/audit?room_id=${room.id}`, admin);

    const by = (actor: Person, action: string, user: Person | null, facts: object = {}) => ({
      actor_id: actor.id,
      actor_name: actor.username,
      action,
      user_id: user?.id ?? null,
      room_id: room.id,
      facts,
    });
    expect(body).toHaveLength(6);
    expect(body.reverse()).toMatchObject([
      by(ada, 'room_created', null, { visibility: 'public' }),
      by(ada, 'room_role_changed', bob, { role: 'admin' }),
      by(bob, 'member_added', cleo),
      by(bob, 'member_kicked', cleo),
      by(bob, 'user_banned', cleo, { reason: 'spam', until: expect.any(Number) }),
      by(bob, 'ban_lifted', cleo),
    ]);
  });
});
