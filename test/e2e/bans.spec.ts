import { describe, expect, it } from '@jest/globals';
import { expectProblem, expectWrongFields } from '../support/problems.js';
import { runServer, type Person, type Room } from '../support/test-server.js';

const server = runServer();

const see = async (room: Room, as: Person) => (await server.rest.get<Room>(`/api/rooms/${room.id}`, as)).body;

describe('A ban', () => {
  it('with seconds and a reason is listed with them, and ends by itself', async () => {
    const [ada, bob, cleo] = await server.people('ada', 'bob', 'cleo');
    const room = await server.roomOf(ada, bob, cleo);
    const bans = `/api/rooms/${room.id}/bans`;
    const before = Date.now();

    expect((await server.rest.put(`${bans}/${bob.id}`, ada, { seconds: 3600, reason: 'spam' })).status).toBe(
      204,
    );
    expect((await server.rest.put(`${bans}/${cleo.id}`, ada)).status).toBe(204);

    const listed = await server.rest.get<{ until: string | null }[]>(bans, ada);
    expect(listed.body).toEqual([
      {
        user_id: bob.id,
        username: bob.username,
        banned_by: ada.id,
        banned_at: expect.any(String),
        until: expect.any(String),
        reason: 'spam',
      },
      expect.objectContaining({ user_id: cleo.id, until: null, reason: null }),
    ]);
    const until = Date.parse(listed.body[0]?.until ?? '');
    expect(until).toBeGreaterThanOrEqual(before + 3_600_000);
    expect(until).toBeLessThanOrEqual(Date.now() + 3_600_000);
    expectProblem(await server.rest.post(`/api/rooms/${room.id}/join`, undefined, bob), 403, 'banned');

    await server.database.execute(`UPDATE bans SET until = ${Date.now() - 1} WHERE user_id = ${bob.id}`);

    expect((await server.rest.post(`/api/rooms/${room.id}/join`, undefined, bob)).status).toBe(200);
    expect((await server.rest.get<object[]>(bans, ada)).body).toHaveLength(1);
    expectProblem(await server.rest.get(bans, bob), 403, 'forbidden');
  });

  it.each<[string, unknown, string]>([
    ['no seconds', { seconds: 0 }, 'seconds'],
    ['more than a year', { seconds: 31_536_001 }, 'seconds'],
    ['half a second', { seconds: 0.5 }, 'seconds'],
    ['text for seconds', { seconds: '60' }, 'seconds'],
    ['an empty reason', { reason: '' }, 'reason'],
    ['a reason of 501 characters', { reason: 'r'.repeat(501) }, 'reason'],
    ['an object for a reason', { reason: {} }, 'reason'],
    ['a field of its own', { banned_by: 1 }, 'banned_by'],
  ])('refuses %s', async (_, body, field) => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);

    expectWrongFields(await server.rest.put(`/api/rooms/${room.id}/bans/${bob.id}`, ada, body), field);
    expect((await see(room, bob)).is_member).toBe(true);
  });

  it('refuses a body that it cannot read, instead of overlooking it', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const options = { as: ada, raw: 'seconds=60', headers: { 'content-type': 'text/plain' } };

    const answer = await server.rest.request('PUT', `/api/rooms/${room.id}/bans/${bob.id}`, options);

    expectProblem(answer, 415, 'unsupported_media_type');
    expect((await see(room, bob)).is_member).toBe(true);
  });
});
