import { describe, expect, it } from '@jest/globals';
import { expectProblem, expectWrongFields } from '../support/problems.js';
import { runServer, type Person, type Room } from '../support/test-server.js';

const server = runServer();

interface Mute {
  user_id: number;
  until: string | null;
  reason: string | null;
}

const mute = (room: Room, whom: Person, by: Person, body?: object) =>
  server.rest.put<Mute>(`/api/rooms/${room.id}/mutes/${whom.id}`, by, body);
const unmute = (room: Room, whom: Person, by: Person) =>
  server.rest.delete(`/api/rooms/${room.id}/mutes/${whom.id}`, by);
const post = (room: Room, as: Person, content = 'a word') =>
  server.rest.post(`/api/rooms/${room.id}/messages`, { content }, as);
const see = async (room: Room, as: Person) => (await server.rest.get<Room>(`/api/rooms/${room.id}`, as)).body;
const leaveAndJoin = async (room: Room, who: Person) => {
  await server.rest.post(`/api/rooms/${room.id}/leave`, undefined, who);
  expect((await server.rest.post(`/api/rooms/${room.id}/join`, undefined, who)).status).toBe(200);
};

/** Lets the mutes of somebody end, as time would. */
const letEnd = (whom: Person) =>
  server.database.execute(`UPDATE mutes SET until = ${Date.now() - 1} WHERE user_id = ${whom.id}`);

describe('A muted member', () => {
  it('hears and reads the room, but neither sends nor types, on any socket and over REST', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas, bound] = await server.connectTo(room, ada, bob);
    const [many] = await server.connectAndJoin(room, bob);
    const [deaf] = await server.connect(bob);

    const answer = await mute(room, bob, ada, { reason: 'spam' });

    expect(answer).toMatchObject({ status: 200 });
    expect(answer.body).toEqual({
      user_id: bob.id,
      username: bob.username,
      muted_by: ada.id,
      muted_at: expect.any(String),
      until: null,
      reason: 'spam',
    });
    for (const socket of [bound, many]) {
      expect(await socket.next('muted')).toEqual({
        type: 'muted',
        room_id: room.id,
        until: null,
        reason: 'spam',
      });
    }
    for (const socket of [bound, many, deaf]) {
      for (const frame of [{ content: 'psst' }, { type: 'typing' }]) {
        const refusal = await socket.ask({ ...frame, room_id: room.id });
        expect(refusal).toMatchObject({ type: 'error', code: 'muted', retryable: false });
        expect(refusal).not.toHaveProperty('muted_until');
      }
    }
    const refusal = expectProblem(await post(room, bob), 403, 'muted');
    expect(refusal.muted_until).toBeUndefined();
    await adas.say('first');
    expect(await bound.next('message')).toMatchObject({ content: 'first', seq: 1 });
    expect(await many.next('message')).toMatchObject({ content: 'first', seq: 1 });
    expect((await server.rest.get<object[]>(`/api/rooms/${room.id}/messages`, bob)).body).toHaveLength(1);
    expect(await see(room, bob)).toMatchObject({ role: 'member', is_member: true, capabilities: ['read'] });
    await adas.settled();
    expect([...adas.all('user_typing'), ...adas.all('muted'), ...deaf.all('muted')]).toEqual([]);
  });

  it('is told until when, in the frame and with each refusal', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [bobs] = await server.connectTo(room, bob);
    const before = Date.now();

    const { until } = (await mute(room, bob, ada, { seconds: 600 })).body;

    expect(Date.parse(until ?? '')).toBeGreaterThanOrEqual(before + 600_000);
    expect(Date.parse(until ?? '')).toBeLessThanOrEqual(Date.now() + 600_000);
    expect(await bobs.next('muted')).toMatchObject({ until, reason: null });
    for (const frame of [{ content: 'psst' }, { type: 'typing' }]) {
      const refusal = await bobs.ask(frame);
      expect(refusal).toMatchObject({
        code: 'muted',
        muted_until: until,
        content: expect.stringContaining(until ?? '?'),
      });
    }
    const problem = expectProblem(await post(room, bob), 403, 'muted');
    expect(problem).toMatchObject({ muted_until: until, detail: expect.stringContaining(until ?? '?') });
  });

  it('stays muted over leaving, being sent away, reconnecting and a restart', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    await mute(room, bob, ada);

    await leaveAndJoin(room, bob);
    expectProblem(await post(room, bob), 403, 'muted');
    await server.rest.delete(`/api/rooms/${room.id}/members/${bob.id}`, ada);
    const [bobs] = await server.connectTo(room, bob);
    expect(await bobs.ask({ type: 'typing' })).toMatchObject({ code: 'muted' });
    await server.stop();
    await server.start();

    const [again] = await server.connectAndJoin(room, bob);
    expect(await again.ask({ room_id: room.id, content: 'psst' })).toMatchObject({ code: 'muted' });
    expect(await again.ask({ room_id: room.id, type: 'typing' })).toMatchObject({ code: 'muted' });
  });

  it('may speak when the time is up, without anybody doing anything', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    await mute(room, bob, ada, { seconds: 600 });
    expectProblem(await post(room, bob), 403, 'muted');

    await letEnd(bob);

    expect((await post(room, bob)).status).toBe(201);
    expect((await see(room, bob)).capabilities).toEqual(['read', 'send']);
    const [bobs] = await server.connectTo(room, bob);
    expect(await bobs.ask({ type: 'typing' })).toMatchObject({ type: 'ack' });
    expect((await server.rest.get<Mute[]>(`/api/rooms/${room.id}/mutes`, ada)).body).toEqual([]);
  });

  it('types again on an open socket as soon as a short mute has ended', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas, bobs] = await server.connectTo(room, ada, bob);
    await mute(room, bob, ada, { seconds: 1 });

    let answer = await bobs.ask({ type: 'typing' });
    const refusals = [];
    while (answer.type === 'error') {
      refusals.push(answer.code);
      answer = await bobs.ask({ type: 'typing' });
    }

    expect(refusals.length).toBeGreaterThan(0);
    expect(new Set(refusals)).toEqual(new Set(['muted']));
    expect(await adas.next('user_typing')).toMatchObject({ user_id: bob.id, expires_in: 6 });
    expect(await bobs.say('at last')).toMatchObject({ seq: 1 });
  });

  it('may speak at once when the mute is lifted', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [bobs] = await server.connectTo(room, bob);
    await mute(room, bob, ada);

    expect(await unmute(room, bob, ada)).toMatchObject({ status: 204, text: '' });
    expect(await unmute(room, bob, ada)).toMatchObject({ status: 204, text: '' });

    expect(await bobs.next('mute_lifted')).toEqual({ type: 'mute_lifted', room_id: room.id });
    expect(await bobs.ask({ type: 'typing' })).toMatchObject({ type: 'ack' });
    expect(await bobs.say('thanks')).toMatchObject({ seq: 1 });
    expect(bobs.all('mute_lifted')).toHaveLength(1);
  });

  it('who may moderate still does, and is silent all the same', async () => {
    const [ada, bob, cleo] = await server.people('ada', 'bob', 'cleo');
    const room = await server.roomOf(ada, bob, cleo);
    await server.rest.put(`/api/rooms/${room.id}/members/${bob.id}/role`, ada, { role: 'admin' });
    await mute(room, bob, ada);

    expectProblem(await post(room, bob), 403, 'muted');
    expectProblem(await unmute(room, bob, bob), 403, 'forbidden');
    expect((await mute(room, cleo, bob)).status).toBe(200);
  });

  it('is silent in this room only', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const [here, there] = [await server.roomOf(ada, bob), await server.roomOf(ada, bob)];
    await mute(here, bob, ada);

    expect((await post(there, bob)).status).toBe(201);
    expect((await post(here, ada)).status).toBe(201);
  });
});

describe('A mute', () => {
  it('ends the typing of whoever types, at once and not when its time is up', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas, bobs] = await server.connectTo(room, ada, bob);
    await bobs.ask({ type: 'typing' });
    expect(await adas.next('user_typing')).toMatchObject({ user_id: bob.id, expires_in: 6 });

    await mute(room, bob, ada);

    await adas.settled();
    expect(adas.all('user_typing').map(({ expires_in }) => expires_in)).toEqual([6, 0]);
  });

  it('orders a message in flight before itself or refuses it', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas] = await server.connectTo(room, ada);
    const [bobs] = await server.connectAndJoin(room, bob);

    const sent = 40;
    for (let count = 0; count < sent / 2; count += 1)
      bobs.send({ content: 'in flight', room_id: room.id, ref: `${count}` });
    const muted = mute(room, bob, ada);
    for (let count = sent / 2; count < sent; count += 1)
      bobs.send({ content: 'in flight', room_id: room.id, ref: `${count}` });
    expect((await muted).status).toBe(200);
    await bobs.next('muted');
    const last = await adas.say('after the mute');
    expect(await bobs.ask({ content: 'too late', room_id: room.id })).toMatchObject({ code: 'muted' });

    let accepted = 0;
    for (let count = 0; count < sent; count += 1) {
      const answer = await bobs.answerTo(`${count}`);
      if (answer.type === 'ack') accepted += 1;
      if (answer.type === 'ack') expect(answer.seq).toBeLessThan(last.seq);
      else expect(answer.code).toBe('muted');
    }
    expect(last.seq).toBe(accepted + 1);
    const history = await server.rest.get<object[]>(`/api/rooms/${room.id}/messages?limit=100`, ada);
    expect(history.body).toHaveLength(accepted + 1);
  });

  it('refuses a retry of what was sent before, too, and stores nothing', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const draft = { content: 'once', client_msg_id: 'm-1' };
    const path = `/api/rooms/${room.id}/messages`;
    expect((await server.rest.post(path, draft, bob)).status).toBe(201);

    await mute(room, bob, ada);

    expectProblem(await server.rest.post(path, draft, bob), 403, 'muted');
    expect((await server.rest.get<object[]>(path, ada)).body).toHaveLength(1);
  });

  it('may come before the first visit, and takes the place of an earlier one', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada);
    await mute(room, bob, ada, { seconds: 600, reason: 'first' });
    await mute(room, bob, ada, { reason: 'second' });

    await server.rest.post(`/api/rooms/${room.id}/join`, undefined, bob);

    expectProblem(await post(room, bob), 403, 'muted');
    const { body } = await server.rest.get<Mute[]>(`/api/rooms/${room.id}/mutes`, ada);
    expect(body).toMatchObject([{ user_id: bob.id, until: null, reason: 'second' }]);
    expectProblem(await mute(room, { ...bob, id: 999999 }, ada), 404, 'user_not_found');
  });

  it('is listed in pages to those who may mute, and to nobody else', async () => {
    const [ada, bob, ...others] = await server.people('ada', 'bob', 'c1', 'c2', 'c3');
    const room = await server.roomOf(ada, bob);
    for (const person of others) await mute(room, person, ada);
    const path = `/api/rooms/${room.id}/mutes`;

    const first = await server.rest.get<Mute[]>(`${path}?limit=2`, ada);
    const next = /^<([^>]+)>; rel="next"$/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = await server.rest.get<Mute[]>(next, ada);

    const ids = others.map(({ id }) => id).sort((one, other) => one - other);
    expect([...first.body, ...second.body].map(({ user_id }) => user_id)).toEqual(ids);
    expect(second.headers.get('link')).toBeNull();
    expectProblem(await server.rest.get(path, bob), 403, 'forbidden');
    expectProblem(await mute(room, ada, bob), 403, 'forbidden');
    expectProblem(await unmute(room, bob, bob), 403, 'forbidden');
  });

  it('and its end are audited with the reason', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const admin = await server.operator('admin');
    const room = await server.roomOf(ada, bob);
    await mute(room, bob, ada, { seconds: 60, reason: 'spam' });
    await unmute(room, bob, ada);

    const { body } = await server.rest.get(`/api/audit?room_id=${room.id}&user_id=${bob.id}`, admin);

    expect(body).toMatchObject([
      { action: 'mute_lifted', actor_id: ada.id },
      { action: 'user_muted', actor_id: ada.id, facts: { reason: 'spam', until: expect.any(Number) } },
    ]);
  });

  it.each<[object, string]>([
    [{ seconds: 0 }, 'seconds'],
    [{ seconds: 31_536_001 }, 'seconds'],
    [{ reason: 'r'.repeat(501) }, 'reason'],
    [{ until: 5 }, 'until'],
  ])('refuses %j', async (body, field) => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);

    expectWrongFields(await mute(room, bob, ada, body), field);
    expect((await post(room, bob)).status).toBe(201);
  });
});
