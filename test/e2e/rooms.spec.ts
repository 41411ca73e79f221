import { describe, expect, it } from '@jest/globals';
import { expectProblem, expectWrongFields } from '../support/problems.js';
import { runServer, type Person, type Room } from '../support/test-server.js';

const server = runServer();
const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** Everything that can be done in a room. */
const OF_OWNERS = [
  'read',
  'send',
  'invite',
  'add_members',
  'kick',
  'ban',
  'mute',
  'change_roles',
  'transfer_ownership',
];

function create(owner: Person, body: unknown) {
  return server.rest.post<Room>('/api/rooms/', body, owner);
}

describe('Making a room', () => {
  it.each(['/api/rooms/', '/api/rooms'])(
    'at %s answers 201 with the room, owned by its creator',
    async (path) => {
      const ada = await server.person('ada');
      const name = server.uniqueName('lobby');

      const answer = await server.rest.post<Room>(path, { name, description: 'for everybody' }, ada);

      expect(answer.status).toBe(201);
      expect(answer.body).toEqual({
        id: expect.any(Number),
        name,
        description: 'for everybody',
        visibility: 'public',
        created_at: expect.stringMatching(UTC),
        owner_id: ada.id,
        head_seq: 0,
        is_member: true,
        role: 'owner',
        capabilities: OF_OWNERS,
      });
    },
  );

  it('makes its creator a member', async () => {
    const ada = await server.person('ada');
    const room = await server.room(ada);

    const posted = await server.rest.post(`/api/rooms/${room.id}/messages`, { content: 'first' }, ada);

    expect(posted.status).toBe(201);
  });

  it('needs no description, and takes a visibility', async () => {
    const ada = await server.person('ada');

    for (const visibility of ['public', 'private']) {
      const answer = await create(ada, { name: server.uniqueName('room'), visibility });
      expect(answer).toMatchObject({ status: 201, body: { visibility, role: 'owner' } });
    }
  });

  it('answers 409 for the name of another public room, whatever its case', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const { name } = await server.room(ada, { name: server.uniqueName('Lobby') });

    expectProblem(await create(ada, { name }), 409, 'room_name_taken');
    expectProblem(await create(bob, { name: name.toUpperCase() }), 409, 'room_name_taken');
  });

  it('does not tell by a 409 that a private room has the name', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const { name } = await server.room(ada, { visibility: 'private' });

    expect((await create(bob, { name })).status).toBe(201);
    expect((await create(bob, { name, visibility: 'private' })).status).toBe(201);
  });

  it('gives a name to exactly one of many who ask at the same moment', async () => {
    const ada = await server.person('ada');
    const name = server.uniqueName('race');

    const answers = await Promise.all(Array.from({ length: 20 }, () => create(ada, { name })));

    expect(answers.map((answer) => answer.status).sort()).toEqual([201, ...Array<number>(19).fill(409)]);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['no name', { name: undefined }, 'name'],
    ['an empty name', { name: '' }, 'name'],
    ['a name of 101 characters', { name: 'n'.repeat(101) }, 'name'],
    ['a number for a name', { name: 5 }, 'name'],
    ['a name with U+0000', { name: 'a\u0000b' }, 'name'],
    ['a name with a lone surrogate', { name: 'a\udc00b' }, 'name'],
    ['a description of 1001 characters', { description: 'd'.repeat(1001) }, 'description'],
    ['an object for a description', { description: {} }, 'description'],
    ['an unknown visibility', { visibility: 'secret' }, 'visibility'],
    ['an owner', { owner_id: 1 }, 'owner_id'],
    ['an id', { id: 1 }, 'id'],
    ['a head', { head_seq: 100 }, 'head_seq'],
  ])('refuses %s', async (_, wrong, field) => {
    const ada = await server.person('ada');

    expectWrongFields(await create(ada, { name: server.uniqueName('room'), ...wrong }), field);
  });

  it('takes names and descriptions up to their longest, in any script', async () => {
    const ada = await server.person('ada');
    const name = `${server.uniqueName('r')}${'\u{1f3e0}'.repeat(90)}`;
    const description = '\u0645\u0631\u062d\u0628\u0627 '.repeat(166);

    const answer = await create(ada, { name, description });

    expect(answer).toMatchObject({ status: 201, body: { name, description } });
  });
});

describe('Looking at rooms', () => {
  it.each(['', '/'])(
    'one room: /api/rooms/{id}%s answers 200 with the caller\u2019s own role and capabilities',
    async (slash) => {
      const [ada, bob, eve] = await server.people('ada', 'bob', 'eve');
      const room = await server.roomOf(ada, bob);

      for (const [person, role, capabilities] of [
        [ada, 'owner', OF_OWNERS],
        [bob, 'member', ['read', 'send']],
        [eve, null, []],
      ] as const) {
        const answer = await server.rest.get<Room>(`/api/rooms/${room.id}${slash}`, person);
        expect(answer.status).toBe(200);
        expect(answer.body).toEqual({ ...room, role, capabilities, is_member: role !== null });
      }
    },
  );

  it('shows how long the log is', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const [adas] = await server.connectTo(room, ada);
    await adas.say('one');
    await adas.say('two');

    expect((await server.rest.get<Room>(`/api/rooms/${room.id}`, ada)).body.head_seq).toBe(2);
  });

  it('answers 404 for a room that is not there', async () => {
    const ada = await server.person('ada');

    expectProblem(await server.rest.get('/api/rooms/999999', ada), 404, 'room_not_found');
  });

  it.each(['/api/rooms/', '/api/rooms'])('%s lists them as a bare array', async (path) => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.room(ada);

    const answer = await server.rest.get<Room[]>(path, bob);

    expect(answer.status).toBe(200);
    expect(answer.body).toContainEqual({ ...room, role: null, capabilities: [], is_member: false });
  });

  it('pages through each room exactly once with skip and limit', async () => {
    const ada = await server.person('ada');
    for (let count = 0; count < 7; count += 1) await server.room(ada);

    const all = (await server.rest.get<Room[]>('/api/rooms/', ada)).body;
    const paged: Room[] = [];
    for (let skip = 0; skip < all.length; skip += 3) {
      const page = (await server.rest.get<Room[]>(`/api/rooms/?skip=${skip}&limit=3`, ada)).body;
      expect(page.length).toBeLessThanOrEqual(3);
      paged.push(...page);
    }

    expect(paged).toEqual(all);
    expect((await server.rest.get(`/api/rooms/?skip=${all.length}`, ada)).body).toEqual([]);
  });

  it('gives 100 rooms at most, and 100 unless asked for fewer', async () => {
    const ada = await server.person('ada');
    await Promise.all(Array.from({ length: 101 }, () => server.room(ada)));

    expect((await server.rest.get<Room[]>('/api/rooms/', ada)).body).toHaveLength(100);
    expect((await server.rest.get<Room[]>('/api/rooms/?limit=100', ada)).body).toHaveLength(100);
    expectWrongFields(await server.rest.get('/api/rooms/?limit=101', ada), 'limit');
  });

  it.each([
    'limit=0',
    'limit=-1',
    'limit=x',
    'limit=1e1',
    'limit=',
    'limit=1&limit=2',
    'skip=-1',
    'skip=1.5',
  ])('refuses %s', async (query) => {
    const ada = await server.person('ada');

    const answer = await server.rest.get(`/api/rooms/?${query}`, ada);

    expectProblem(answer, 422, 'invalid_input');
  });

  it('shows a private room to its members only', async () => {
    const [ada, bob, eve] = await server.people('ada', 'bob', 'eve');
    const room = await server.privateRoomOf(ada, bob);
    const idsFor = async (person: Person) => {
      const ids: number[] = [];
      for (;;) {
        const page = await server.rest.get<Room[]>(`/api/rooms/?skip=${ids.length}&limit=100`, person);
        if (page.body.length === 0) return ids;
        ids.push(...page.body.map((listed) => listed.id));
      }
    };

    expect(await idsFor(ada)).toContain(room.id);
    expect(await idsFor(bob)).toContain(room.id);
    expect(await idsFor(eve)).not.toContain(room.id);
  });

  it('is not for strangers: 401 without a token', async () => {
    const ada = await server.person('ada');
    const room = await server.room(ada);

    expectProblem(await server.rest.get('/api/rooms/'), 401, 'not_authenticated');
    expectProblem(await server.rest.get(`/api/rooms/${room.id}`), 401, 'not_authenticated');
    expectProblem(await server.rest.post('/api/rooms/', { name: 'mine' }), 401, 'not_authenticated');
  });
});
