import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestServer, type Person, type Room, type Tokens } from '../support/test-server.js';
import { PostgresDatabase } from '../support/postgres-database.js';

let database: PostgresDatabase;
let one: TestServer;
let two: TestServer;
beforeAll(async () => {
  database = await PostgresDatabase.create();
  const limits = { DATABASE_URL: database.url, MAX_ROOMS_OWNED: '3', MAX_ROOMS_PER_USER: '6' };
  [one, two] = [new TestServer(limits), new TestServer(limits)];
  // At once: both migrate an empty database.
  await Promise.all([one.start(), two.start()]);
});
afterAll(async () => {
  await Promise.all([one.remove(), two.remove()]);
  await database.remove();
});

/** Asks both nodes at once, several times each. */
async function race<T>(ask: (server: TestServer, turn: number) => Promise<T>): Promise<T[]> {
  return Promise.all([1, 2, 3, 4].map((turn) => ask(turn % 2 === 0 ? one : two, turn)));
}
const statuses = (answers: { status: number }[]) => answers.map(({ status }) => status).sort();

describe('Two nodes on one database, asked at the same moment', () => {
  it('make one account of a name; the others hear that it is taken', async () => {
    for (let round = 0; round < 5; round += 1) {
      const answers = await race((server, turn) =>
        server.rest.post('/api/users/', {
          username: `same${round}`,
          email: `turn${turn}.${round}@example.org`,
          password: 'correct horse battery',
        }),
      );

      expect(statuses(answers)).toEqual([201, 409, 409, 409]);
    }
  });

  it('make one public room of a name', async () => {
    const people = await one.people('a', 'b', 'c', 'd');

    const answers = await race((server, turn) =>
      server.rest.post('/api/rooms/', { name: 'The same room' }, people[turn - 1]),
    );

    expect(statuses(answers)).toEqual([201, 409, 409, 409]);
  });

  it('give one next token for a refresh token, and end the session of whoever shows it twice', async () => {
    const ada = await one.person('ada');
    const refresh = { grant_type: 'refresh_token', refresh_token: ada.refreshToken };

    const answers = await race((server) => server.rest.post<Tokens>('/api/token', refresh));

    expect(statuses(answers)).toEqual([200, 401, 401, 401]);
    const [next] = answers.filter(({ status }) => status === 200);
    const after = await two.rest.get('/api/users/me/', { token: next?.body.access_token ?? '' });
    expect(after.status).toBe(401);
  });

  it('take an invitation as often as it may be used', async () => {
    const [ada, ...guests] = await one.people('ada', 'b', 'c', 'd', 'e');
    const room = await one.privateRoomOf(ada);
    const { body } = await one.rest.post<{ code: string }>(
      `/api/rooms/${room.id}/invitations`,
      { max_uses: 2 },
      ada,
    );

    const answers = await race((server, turn) =>
      server.rest.post('/api/invitations/accept', { code: body.code }, guests[turn - 1]),
    );

    expect(statuses(answers)).toEqual([200, 200, 404, 404]);
    const members = await two.rest.get<unknown[]>(`/api/rooms/${room.id}/members`, ada);
    expect(members.body).toHaveLength(3);
  });

  it('let nobody past a quota', async () => {
    const ada = await one.person('ada');
    const rooms = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((turn) =>
        (turn % 2 === 0 ? one : two).rest.post<Room>('/api/rooms/', { name: `ada's ${turn}` }, ada),
      ),
    );
    expect(rooms.filter(({ status }) => status === 201)).toHaveLength(3);
    expect(rooms.every(({ status }) => status < 500)).toBe(true);

    const others = await one.people('b', 'c');
    const open = await Promise.all(others.flatMap((other) => [1, 2, 3].map(() => one.room(other))));
    const joined = await Promise.all(
      open.map(({ id }, turn) =>
        (turn % 2 === 0 ? one : two).rest.post(`/api/rooms/${id}/join`, undefined, ada),
      ),
    );
    expect(statuses(joined).filter((status) => status === 200)).toHaveLength(3);
    expect(joined.every(({ status }) => status < 500)).toBe(true);
  });

  it('leave a room with one owner, whoever hands it over', async () => {
    const [ada, bob, cleo] = await one.people('ada', 'bob', 'cleo');
    const room = await one.roomOf(ada, bob, cleo);

    const answers = await race((server, turn) =>
      server.rest.put(`/api/rooms/${room.id}/owner`, ada, {
        user_id: (turn < 3 ? bob : cleo).id,
      }),
    );

    expect(statuses(answers)).toEqual([200, 403, 403, 403]);
    const rows = await database.query('SELECT owner_id FROM rooms WHERE id = ?', [room.id]);
    expect([bob.id, cleo.id]).toContain(rows[0]?.owner_id);
  });

  it('end all sessions of whoever changes the password, those that begin meanwhile too', async () => {
    for (let round = 0; round < 4; round += 1) {
      const ada: Person = await one.person('ada');
      const change = { current_password: ada.password, new_password: 'another long password' };
      const [changed, ...begun] = await Promise.all([
        one.rest.post('/api/users/me/password', change, ada),
        ...[1, 2, 3].map(() =>
          two.rest.post<Tokens>('/api/token', { username: ada.username, password: ada.password }),
        ),
      ]);
      expect(changed.status).toBe(204);

      for (const { status, body } of begun) {
        const token = status === 200 ? body.access_token : '';
        expect((await one.rest.get('/api/users/me/', { token })).status).toBe(401);
      }
    }
  });
});
