import { describe, expect, it } from '@jest/globals';
import { expectProblem } from '../support/problems.js';
import { runServer } from '../support/test-server.js';
import { until } from '../support/until.js';

const DAY = 86_400_000;
const server = runServer();

async function countOf(table: string, where = '1 = 1'): Promise<number> {
  const [row] = await server.database.query(`SELECT COUNT(*) AS count FROM ${table} WHERE ${where}`);
  return Number(row?.count);
}

const gone = (table: string, where: string) =>
  until(
    () => countOf(table, where),
    (count) => count === 0,
  );

describe('What has been over for thirty days', () => {
  it('is removed by the next start, and what has not stays', async () => {
    const [ada, bob, cleo] = await server.people('ada', 'bob', 'cleo');
    const room = await server.roomOf(ada, bob, cleo);
    const [old, recent] = [Date.now() - 31 * DAY, Date.now() - 29 * DAY];
    const set = (table: string, change: string, where: string) =>
      server.database.execute(`UPDATE ${table} SET ${change} WHERE ${where}`);
    for (const kind of ['bans', 'mutes']) {
      for (const { id } of [bob, cleo]) {
        await server.rest.put(`/api/rooms/${room.id}/${kind}/${id}`, ada, { seconds: 60 });
      }
      await set(kind, `until = ${old}`, `user_id = ${bob.id}`);
      await set(kind, `until = ${recent}`, `user_id = ${cleo.id}`);
    }
    const dave = await server.person('dave');
    await server.rest.put(`/api/rooms/${room.id}/bans/${dave.id}`, ada, {});
    const invite = async () =>
      (await server.rest.post<{ id: number }>(`/api/rooms/${room.id}/invitations`, {}, ada)).body.id;
    const invitations = [await invite(), await invite(), await invite()];
    await set('invitations', `expires_at = ${old}`, `id = ${invitations[0]}`);
    await set('invitations', `expires_at = ${recent}`, `id = ${invitations[1]}`);
    await set('sessions', `ended_at = ${old}`, `user_id = ${bob.id}`);
    await set('sessions', `ended_at = ${recent}`, `user_id = ${cleo.id}`);
    await set('sessions', `expires_at = ${old}`, `user_id = ${dave.id}`);
    const audited = await countOf('audit_entries');

    await server.stop();
    await server.start();

    await gone('sessions', `user_id IN (${bob.id}, ${dave.id})`);
    for (const kind of ['bans', 'mutes']) await gone(kind, `user_id = ${bob.id}`);
    await gone('invitations', `id = ${invitations[0]}`);
    expect(await countOf('sessions', `user_id IN (${ada.id}, ${cleo.id})`)).toBe(2);
    expect(await countOf('bans', `user_id IN (${cleo.id}, ${dave.id})`)).toBe(2);
    expect(await countOf('mutes', `user_id = ${cleo.id}`)).toBe(1);
    expect(await countOf('invitations')).toBe(2);
    expect(await countOf('audit_entries')).toBe(audited);
    expect((await server.rest.get('/api/users/me', ada)).status).toBe(200);
    const grant = { grant_type: 'refresh_token', refresh_token: bob.refreshToken };
    expectProblem(await server.rest.post('/api/token', grant), 401, 'not_authenticated');
    expectProblem(await server.rest.get('/api/users/me', bob), 401, 'not_authenticated');
  });

  it('goes in batches, however much there is', async () => {
    const ada = await server.person('ada');
    const many = Array.from(
      { length: 950 },
      (_, index) => `('many-${index}', ${ada.id}, 'x', 0, 0, ${Date.now() - 40 * DAY}, NULL, '', '')`,
    );
    await server.database.execute(
      `INSERT INTO sessions (id, user_id, refresh_hash, created_at, last_used_at, expires_at, ended_at, address, user_agent)
       VALUES ${many.join(', ')}`,
    );

    await server.stop();
    await server.start();

    await gone('sessions', `id LIKE 'many-%'`);
    expect((await server.rest.get('/api/users/me', ada)).status).toBe(200);
  });
});
