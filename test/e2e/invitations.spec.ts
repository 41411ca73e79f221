import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { expectProblem, expectWrongFields } from '../support/problems.js';
import { runServer, type Person, type Room, type TestServer } from '../support/test-server.js';

const server = runServer();

interface Invitation {
  id: number;
  code: string;
  room_id: number;
  created_by: number;
  created_at: string;
  expires_at: string;
  max_uses: number;
  uses: number;
}

const invite = (room: Room, by: Person, body?: object, on: TestServer = server) =>
  on.rest.post<Invitation>(`/api/rooms/${room.id}/invitations`, body, by);
const codeOf = async (room: Room, by: Person, body?: object) => {
  const answer = await invite(room, by, body);
  expect(answer.status).toBe(201);
  return answer.body.code;
};
const accept = (code: string, who: Person) =>
  server.rest.post<Room>('/api/invitations/accept', { code }, who);
const list = (room: Room, as: Person) =>
  server.rest.get<Invitation[]>(`/api/rooms/${room.id}/invitations`, as);
const revoke = (room: Room, id: number, by: Person) =>
  server.rest.delete(`/api/rooms/${room.id}/invitations/${id}`, by);
const setRole = (room: Room, whom: Person, role: string, by: Person) =>
  server.rest.put(`/api/rooms/${room.id}/members/${whom.id}/role`, by, { role });

describe('An invitation', () => {
  it('makes a member of a private room of whoever knows its code, and tells the room', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.privateRoomOf(ada);
    const [adas] = await server.connectTo(room, ada);
    const code = await codeOf(room, ada);

    const answer = await accept(code, bob);

    expect(answer).toMatchObject({
      status: 200,
      body: { id: room.id, role: 'member', is_member: true, capabilities: ['read', 'send'] },
    });
    expect(await adas.next('user_joined')).toMatchObject({ user_id: bob.id, room_id: room.id });
    const [bobs] = await server.connectTo(room, bob);
    expect(await bobs.say('thanks')).toMatchObject({ seq: 1 });
  });

  it('is for one use in a week, unless asked otherwise', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);

    const plain = (await invite(room, ada)).body;
    const asked = (await invite(room, ada, { expires_in_seconds: 60, max_uses: 10_000 })).body;

    expect(plain).toEqual({
      id: expect.any(Number),
      code: expect.stringMatching(/^[\w-]{32}$/),
      room_id: room.id,
      created_by: ada.id,
      created_at: expect.any(String),
      expires_at: expect.any(String),
      max_uses: 1,
      uses: 0,
    });
    const lifeOf = ({ created_at, expires_at }: Invitation) =>
      Date.parse(expires_at) - Date.parse(created_at);
    expect(lifeOf(plain)).toBe(7 * 24 * 60 * 60 * 1_000);
    expect(lifeOf(asked)).toBe(60_000);
    expect(asked.max_uses).toBe(10_000);
  });

  it('shows its code once; neither the list nor the database has it', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const { code, ...shown } = (await invite(room, ada)).body;

    const listed = await list(room, ada);
    const stored = await server.database.query('SELECT * FROM invitations WHERE id = ?', [shown.id]);

    expect(listed.body).toEqual([shown]);
    expect(JSON.stringify(stored)).not.toContain(code);
    expect(stored[0]?.code_hash).toBe(createHash('sha256').update(code).digest('hex'));
  });

  it('for one use admits exactly one of many who come at once', async () => {
    const [ada, ...people] = await server.people('ada', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6');
    const room = await server.privateRoomOf(ada);
    const code = await codeOf(room, ada);

    const answers = await Promise.all(people.map((person) => accept(code, person)));

    expect(answers.map(({ status }) => status).sort()).toEqual([200, 404, 404, 404, 404, 404]);
    const members = await server.rest.get<object[]>(`/api/rooms/${room.id}/members`, ada);
    expect(members.body).toHaveLength(2);
    expect((await list(room, ada)).body).toEqual([]);
  });

  it('for several uses counts each of them', async () => {
    const [ada, bob, cleo, dora] = await server.people('ada', 'bob', 'cleo', 'dora');
    const room = await server.privateRoomOf(ada);
    const code = await codeOf(room, ada, { max_uses: 2 });

    expect((await accept(code, bob)).status).toBe(200);
    expect((await list(room, ada)).body).toMatchObject([{ uses: 1, max_uses: 2 }]);
    expect((await accept(code, cleo)).status).toBe(200);

    expectProblem(await accept(code, dora), 404, 'invitation_not_found');
  });

  it('uses nothing up for a member, so that a retry is harmless', async () => {
    const [ada, bob, cleo] = await server.people('ada', 'bob', 'cleo');
    const room = await server.privateRoomOf(ada);
    const [adas] = await server.connectTo(room, ada);
    const code = await codeOf(room, ada, { max_uses: 2 });

    expect((await accept(code, ada)).body).toMatchObject({ id: room.id, role: 'owner' });
    const both = await Promise.all([accept(code, bob), accept(code, bob)]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect((await list(room, ada)).body).toMatchObject([{ uses: 1 }]);
    expect((await accept(code, cleo)).status).toBe(200);
    expect((await accept(code, cleo)).status).toBe(200);

    await adas.settled();
    expect(adas.all('user_joined')).toHaveLength(2);
  });

  it.each<[string, (room: Room, invitation: Invitation, ada: Person, bob: Person) => Promise<unknown>]>([
    [
      'has expired',
      (_, { id }) =>
        server.database.execute(`UPDATE invitations SET expires_at = ${Date.now() - 1} WHERE id = ${id}`),
    ],
    ['was revoked', (room, { id }, ada) => revoke(room, id, ada)],
    ['is used up', async (_, { code }) => accept(code, await server.person('first'))],
    ['was made by an admin who is none any more', (room, _, ada, bob) => setRole(room, bob, 'member', ada)],
    [
      'was made by an admin who was kicked',
      (room, _, ada, bob) => server.rest.delete(`/api/rooms/${room.id}/members/${bob.id}`, ada),
    ],
    [
      'was made by an admin who has left',
      (room, _, _ada, bob) => server.rest.post(`/api/rooms/${room.id}/leave`, undefined, bob),
    ],
  ])('that %s is as good as unknown', async (_, end) => {
    const [ada, bob, cleo] = await server.people('ada', 'bob', 'cleo');
    const room = await server.privateRoomOf(ada, bob);
    await setRole(room, bob, 'admin', ada);
    const invitation = (await invite(room, bob)).body;
    await end(room, invitation, ada, bob);

    const over = await accept(invitation.code, cleo);
    const unknown = await accept('x'.repeat(32), cleo);

    expectProblem(over, 404, 'invitation_not_found');
    expect(over.text).toBe(unknown.text);
    expectProblem(await server.rest.get(`/api/rooms/${room.id}`, cleo), 404, 'room_not_found');
  });

  it('of the owner counts also when the owner has left, and over a restart', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.privateRoomOf(ada);
    const code = await codeOf(room, ada);
    await server.rest.post(`/api/rooms/${room.id}/leave`, undefined, ada);
    await server.stop();
    await server.start();

    expect((await accept(code, bob)).status).toBe(200);
  });

  it('does not lift a ban, and is not used up by whoever is banned', async () => {
    const [ada, bob, cleo] = await server.people('ada', 'bob', 'cleo');
    const room = await server.privateRoomOf(ada);
    const code = await codeOf(room, ada);
    await server.rest.put(`/api/rooms/${room.id}/bans/${bob.id}`, ada);

    expectProblem(await accept(code, bob), 403, 'banned');

    expect((await accept(code, cleo)).status).toBe(200);
  });

  it.each<[object, string]>([
    [{ expires_in_seconds: 59 }, 'expires_in_seconds'],
    [{ expires_in_seconds: 2_592_001 }, 'expires_in_seconds'],
    [{ max_uses: 0 }, 'max_uses'],
    [{ max_uses: 10_001 }, 'max_uses'],
    [{ code: 'mine' }, 'code'],
    [{ uses: -5 }, 'uses'],
  ])('refuses %j', async (body, field) => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);

    expectWrongFields(await invite(room, ada, body), field);
    expect((await list(room, ada)).body).toEqual([]);
  });

  it.each([[{}], [{ code: '' }], [{ code: 5 }], [{ code: 'x'.repeat(129) }]])(
    'is not accepted with %j',
    async (body) => {
      expectWrongFields(
        await server.rest.post('/api/invitations/accept', body, await server.person('bob')),
        'code',
      );
    },
  );
});

describe('Invitations', () => {
  it('are made, listed and revoked by those who may invite, and by nobody else', async () => {
    const [ada, bob, cleo, eve] = await server.people('ada', 'bob', 'cleo', 'eve');
    const room = await server.roomOf(ada, bob, cleo);
    await setRole(room, bob, 'admin', ada);
    const { id } = (await invite(room, bob)).body;

    for (const person of [cleo, eve]) {
      expectProblem(await invite(room, person), 403, 'forbidden');
      expectProblem(await list(room, person), 403, 'forbidden');
      expectProblem(await revoke(room, id, person), 403, 'forbidden');
    }
    expect((await list(room, ada)).body).toMatchObject([{ id, created_by: bob.id }]);
    expect(await revoke(room, id, bob)).toMatchObject({ status: 204, text: '' });
    expectProblem(await revoke(room, id, bob), 404, 'invitation_not_found');
  });

  it('of one room are not revoked through another', async () => {
    const [ada, eve] = await server.people('ada', 'eve');
    const [adas, eves] = [await server.roomOf(ada), await server.roomOf(eve)];
    const { id } = (await invite(adas, ada)).body;

    expectProblem(await revoke(eves, id, eve), 404, 'invitation_not_found');

    expect((await list(adas, ada)).body).toHaveLength(1);
  });

  it('are audited: made, used, revoked', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const admin = await server.operator('admin');
    const room = await server.privateRoomOf(ada);
    const { id: invitation_id, code } = (await invite(room, ada, { max_uses: 3 })).body;
    await accept(code, bob);
    await accept(code, bob);
    await revoke(room, invitation_id, ada);

    const entries = await server.rest.get<object[]>(`/api/audit?room_id=${room.id}`, admin);

    expect(entries.text).not.toContain(code);
    expect(entries.body.slice(0, 3)).toMatchObject([
      { action: 'invitation_revoked', actor_id: ada.id, facts: { invitation_id } },
      { action: 'invitation_used', actor_id: bob.id, user_id: bob.id, facts: { invitation_id } },
      { action: 'invitation_made', actor_id: ada.id, facts: { invitation_id, max_uses: 3 } },
    ]);
    expect(entries.body).toHaveLength(4);
  });
});

describe('Open invitations', () => {
  const limited = runServer({ MAX_INVITATIONS_PER_ROOM: '2', MAX_ROOMS_PER_USER: '1' });

  it('of a room are limited, also for a crowd of requests; those that are over do not count', async () => {
    const [ada, bob] = await limited.people('ada', 'bob');
    const room = await limited.room(ada);

    const made = await Promise.all(Array.from({ length: 6 }, () => invite(room, ada, {}, limited)));

    const statuses = made.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, 201, 403, 403, 403, 403]);
    const refused = made.find(({ status }) => status === 403);
    if (refused) expectProblem(refused, 403, 'too_many_invitations');
    const code = made.find(({ status }) => status === 201)?.body.code;
    expect((await limited.rest.post('/api/invitations/accept', { code }, bob)).status).toBe(200);
    expect((await invite(room, ada, {}, limited)).status).toBe(201);
  });

  it('are not used up by somebody who is in too many rooms', async () => {
    const [ada, bob] = await limited.people('ada', 'bob');
    await limited.room(bob);
    const room = await limited.room(ada);
    const { id, code } = (await invite(room, ada, {}, limited)).body;

    const answer = await limited.rest.post('/api/invitations/accept', { code }, bob);

    expectProblem(answer, 403, 'too_many_memberships');
    const listed = await limited.rest.get(`/api/rooms/${room.id}/invitations`, ada);
    expect(listed.body).toMatchObject([{ id, uses: 0 }]);
  });
});
