import { describe, expect, it } from '@jest/globals';
import type { StoredMessage } from '../support/frames.js';
import { runServer } from '../support/test-server.js';

const server = runServer();
const CROWD = 200;
const EACH = 3;

describe('A crowd of 200 who post at once through both doors', () => {
  it('gets places 1 to N without holes or doubles, and everybody sees the same order', async () => {
    const people = await server.people(...Array.from({ length: CROWD }, (_, index) => `person${index}`));
    const [owner, ...others] = people;
    if (!owner) throw new Error('There is nobody.');
    const room = await server.room(owner);
    await Promise.all(
      others.map((person) => server.rest.post(`/api/rooms/${room.id}/join`, undefined, person)),
    );
    const half = CROWD / 2;
    const bound = await server.connectTo(room, ...people.slice(0, half));
    const many = await server.connectAndJoin(room, ...people.slice(half));
    const clients = [...bound, ...many];

    const places = await Promise.all(
      clients.flatMap((client, index) =>
        Array.from({ length: EACH }, async (_, turn) => {
          const message = {
            room_id: room.id,
            content: `${index}/${turn}`,
            client_msg_id: `${index}/${turn}`,
          };
          if (turn % 2 === 0) return client.say(message.content, message);
          const path = `/api/rooms/${room.id}/messages`;
          const answer = await server.rest.post<StoredMessage>(path, message, people[index]);
          expect(answer.status).toBe(201);
          return answer.body;
        }),
      ),
    );

    const total = CROWD * EACH;
    const upToN = Array.from({ length: total }, (_, index) => index + 1);
    expect(places.map((place) => place.seq).sort((one, other) => one - other)).toEqual(upToN);
    expect(new Set(places.map((place) => place.id)).size).toBe(total);

    await clients[0]?.say('the end', { room_id: room.id });
    const stored = await server.database.query(
      'SELECT seq, content FROM messages WHERE room_id = ? ORDER BY seq',
      [room.id],
    );
    const order = stored.map((row) => `${row.seq}: ${row.content}`);
    expect(order).toHaveLength(total + 1);
    for (const client of clients) {
      let last = 0;
      while (last <= total) last = (await client.next('message')).seq;
      expect(client.all('message').map((message) => `${message.seq}: ${message.content}`)).toEqual(order);
    }
  });
});
