import type { RestClient } from '../support/rest-client.js';
import type { SocketClient } from '../support/socket-client.js';
import type { Person, Room } from '../support/test-server.js';
import type { Known } from './outcomes.js';

/** Somebody with an open `/ws/auth` socket. */
export interface Actor {
  readonly person: Person;
  readonly socket: SocketClient;
}

/** A room that has just been made, and who owns it. */
export interface Place {
  readonly rest: RestClient;
  readonly room: Room;
  readonly owner: Actor;
}

/** How each caller comes to stand to the room as their name says. */
export const STANDINGS: Readonly<Record<Known, (place: Place, me: Actor) => Promise<void>>> = {
  stranger: asTheyCome,
  member: enter,
  async roomAdmin(place, me) {
    await enter(place, me);
    await ask(place, 'PUT', `/members/${me.person.id}/role`, place.owner.person, { role: 'admin' });
  },
  async muted(place, me) {
    await enter(place, me);
    await ask(place, 'PUT', `/mutes/${me.person.id}`, place.owner.person);
  },
  async left(place, me) {
    await enter(place, me);
    await ask(place, 'POST', `/leave`, me.person);
  },
  async kicked(place, me) {
    await enter(place, me);
    await ask(place, 'DELETE', `/members/${me.person.id}`, place.owner.person);
  },
  async banned(place, me) {
    await enter(place, me);
    await ask(place, 'PUT', `/bans/${me.person.id}`, place.owner.person);
  },
  owner: asTheyCome,
  neighbour: asTheyCome,
  ops: asTheyCome,
  admin: asTheyCome,
};

async function asTheyCome(): Promise<void> {
  // Nothing connects them with the room, or they have made it.
}

/** A member with a socket that listens, so that whoever is sent away later has one that did. */
export async function enter(place: Place, { person, socket }: Actor): Promise<void> {
  await ask(place, 'PUT', `/members/${person.id}`, place.owner.person);
  const answer = await socket.ask({ type: 'join_room', room_id: place.room.id });
  if (answer.type === 'error') throw new Error(`Not in the room: ${JSON.stringify(answer)}`);
}

async function ask(
  { rest, room }: Place,
  method: string,
  path: string,
  as: Person,
  body?: object,
): Promise<void> {
  const answer = await rest.request(method, `/api/rooms/${room.id}${path}`, { as, body });
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
}
