import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { StoredMessage } from '../support/frames.js';
import { expectProblem } from '../support/problems.js';
import { runServer } from '../support/test-server.js';

const server = runServer();
const HOUR = 3_600_000;
const realNow = Date.now.bind(Date);
const jump = (by: number) => jest.spyOn(Date, 'now').mockImplementation(() => realNow() + by);
afterEach(() => {
  jest.restoreAllMocks();
});

describe('A clock that jumps', () => {
  it('changes times, and neither places nor order', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [adas, bobs] = await server.connectTo(room, ada, bob);
    const jumps = [0, -HOUR, 600_000, -HOUR, 0];

    for (const [index, by] of jumps.entries()) {
      jump(by);
      expect(await adas.say(`message ${index + 1}`)).toMatchObject({ seq: index + 1 });
    }

    const path = `/api/rooms/${room.id}/messages`;
    const log = (await server.rest.get<StoredMessage[]>(path, bob)).body;
    const again = await server.socket(`/ws/room/${room.id}?after_seq=0`, bob);
    const { messages } = await again.next('message_history');
    await bobs.settled();
    for (const view of [log, messages, bobs.all('message')]) {
      expect(view.map(({ seq, content }) => `${seq} ${content}`)).toEqual(
        jumps.map((_, index) => `${index + 1} message ${index + 1}`),
      );
    }
    const times = log.map(({ timestamp }) => Date.parse(timestamp));
    expect(times).not.toEqual([...times].sort((one, other) => one - other));
    const page = (await server.rest.get<StoredMessage[]>(`${path}?after=1&limit=2`, bob)).body;
    expect(page.map(({ seq }) => seq)).toEqual([2, 3]);
  });

  it('ends tokens when it goes forward', async () => {
    const ada = await server.person('ada');

    jump(HOUR);

    expectProblem(await server.rest.get('/api/users/me', ada), 401, 'token_expired');
  });
});
