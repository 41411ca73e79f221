/**
 * Who may call which route: the table that `test/e2e/authorisation.spec.ts` compares with the running server. A route
 * without an entry fails, and so does an entry without a route.
 *
 * A new route is one entry. `everybody('403 forbidden')` says it for all who show a token (without one it is 401);
 * spread it and name the exceptions. `rooms(...)` makes both rows of a route with a `{room_id}`: outsiders find no private
 * room. Ids in the path come from `IDS`; a new kind of id needs a line there. A route that has several cases, other ids or
 * other bodies for instance, has a list of entries, each with its `when`.
 */
import { claimsOf } from '../support/forged-tokens.js';
import {
  anybody,
  everybody,
  members,
  outsiders,
  rooms,
  type Caller,
  type HttpOutcome,
  type Known,
  type RoomRows,
  type Row,
} from './outcomes.js';
import type { Setting } from './stage.js';

type Id = number | string;

interface Request {
  /** Tells the entries of one route apart. */
  readonly when?: string;
  readonly body?: (setting: Setting, caller: Caller) => object;
  /** Ids in the path that are not those of `IDS`. */
  readonly ids?: (setting: Setting, caller: Caller) => Readonly<Record<string, Id>>;
  /** Who has to stand to the room as their name says beside the caller. */
  readonly beside?: readonly Known[];
  /** What a permitted call uses up: it is made with a log-in of its own, or the next call by somebody else. */
  readonly spends?: 'session' | 'person';
  /** Why outsiders may learn from the answer that a private room exists. */
  readonly tellsOfPrivateRooms?: string;
}

export type Entry = Request & ({ readonly anywhere: Row<HttpOutcome> } | RoomRows<HttpOutcome>);

/** What stands for each id in a path. */
const IDS: Readonly<Record<string, (setting: Setting) => Id>> = {
  room_id: ({ room }) => room.id,
  user_id: ({ bystander }) => bystander.id,
  invitation_id: () => 999_999,
  session_id: ({ bystander }) => String(claimsOf(bystander.token).sid),
};

let made = 0;
const unique = (name: string) => `${name} ${Date.now()} ${++made}`;

/** For the owner only: the others are refused, and outsiders do not even find a private room. */
const owners = (outcome: HttpOutcome) => rooms({ ...everybody('403 forbidden'), owner: outcome });

/** For the owner and the admins of the room. */
const managers = (outcome: HttpOutcome) =>
  rooms({ ...everybody('403 forbidden'), owner: outcome, roomAdmin: outcome });

/** For members who are not muted. */
const speakers = (outcome: HttpOutcome) =>
  rooms({ ...everybody('403 not_a_member'), ...members(outcome), muted: '403 muted' });

const missing = { user_id: 999_999 };

export const ROUTES: Readonly<Record<string, Entry | readonly Entry[]>> = {
  'POST /api/users': {
    anywhere: anybody('201'),
    body: () => {
      const username = unique('new').replaceAll(' ', '_');
      return { username, email: `${username}@example.org`, password: 'long enough for a test' };
    },
  },
  'GET /api/users/me': { anywhere: everybody('200') },
  'POST /api/token': [
    {
      when: 'with the right password',
      anywhere: anybody('200'),
      body: ({ bystander: { username, password } }) => ({ username, password }),
    },
    {
      when: 'with a wrong password',
      anywhere: anybody('401 wrong_credentials'),
      body: ({ bystander: { username, password } }) => ({ username, password: `${password}, but wrong` }),
    },
  ],
  'POST /api/logout': { anywhere: everybody('204'), spends: 'session' },
  'GET /api/sessions': { anywhere: everybody('200') },
  'DELETE /api/sessions': { anywhere: everybody('200') },
  'DELETE /api/sessions/{session_id}': {
    when: 'it is somebody else’s',
    anywhere: everybody('404 session_not_found'),
  },
  'POST /api/users/me/password': [
    {
      when: 'the current one is wrong',
      anywhere: everybody('403 wrong_password'),
      body: () => ({ current_password: 'not the current one', new_password: 'another long one' }),
    },
    {
      when: 'the current one is right',
      anywhere: everybody('204'),
      body: ({ person }, caller) => ({
        current_password: caller === 'anonymous' ? 'whatever it is' : person(caller).password,
        new_password: 'another long one',
      }),
      spends: 'person',
    },
  ],
  'POST /api/ws-tickets': { anywhere: everybody('201') },
  'GET /api/connections': { anywhere: { ...everybody('403 forbidden'), ops: '200', admin: '200' } },
  'GET /api/audit': { anywhere: { ...everybody('403 forbidden'), admin: '200' } },
  'GET /health/live': { anywhere: anybody('200') },
  'GET /health/ready': { anywhere: anybody('200') },

  'POST /api/rooms': { anywhere: everybody('201'), body: () => ({ name: unique('a room') }) },
  'GET /api/rooms': { anywhere: everybody('200') },
  'GET /api/rooms/{room_id}': rooms(everybody('200')),
  'POST /api/rooms/{room_id}/join': {
    public: { ...everybody('200'), banned: '403 banned' },
    private: { ...everybody('200'), ...outsiders('403 room_is_private'), banned: '403 banned' },
    tellsOfPrivateRooms: 'whoever was told of one shall know why they cannot join it (docs/protocol.md)',
  },
  'POST /api/rooms/{room_id}/leave': rooms({
    ...everybody('400 not_in_room'),
    ...members('200'),
  }),

  'GET /api/rooms/{room_id}/members': rooms({
    ...everybody('403 not_a_member'),
    ...members('200'),
  }),
  'PUT /api/rooms/{room_id}/members/{user_id}': [
    { when: 'they are a member', ...managers('200') },
    {
      when: 'they are the caller',
      ids: (setting, caller) => ({ user_id: me(setting, caller) }),
      ...managers('200'),
    },
    {
      when: 'they are banned',
      ids: ({ person }) => ({ user_id: person('banned').id }),
      beside: ['banned'],
      ...managers('403 banned'),
    },
    { when: 'they do not exist', ids: () => missing, ...managers('404 user_not_found') },
  ],
  'DELETE /api/rooms/{room_id}/members/{user_id}': [
    { when: 'they are a member', ...managers('204') },
    {
      when: 'they are the caller',
      ids: (setting, caller) => ({ user_id: me(setting, caller) }),
      ...managers('403 forbidden'),
    },
    { when: 'they are the owner', ids: ({ owner }) => ({ user_id: owner.id }), ...managers('403 forbidden') },
    {
      when: 'they are in another room only',
      ids: ({ person }) => ({ user_id: person('neighbour').id }),
      ...managers('400 not_in_room'),
    },
    { when: 'they do not exist', ids: () => missing, ...managers('404 user_not_found') },
  ],
  'PUT /api/rooms/{room_id}/bans/{user_id}': [
    { when: 'they are a member', ...managers('204') },
    { when: 'they are the owner', ids: ({ owner }) => ({ user_id: owner.id }), ...managers('403 forbidden') },
    {
      when: 'they are a stranger',
      ids: ({ person }) => ({ user_id: person('stranger').id }),
      ...managers('204'),
    },
    { when: 'they do not exist', ids: () => missing, ...managers('404 user_not_found') },
  ],
  'DELETE /api/rooms/{room_id}/bans/{user_id}': [
    {
      when: 'they are banned',
      ids: ({ person }) => ({ user_id: person('banned').id }),
      beside: ['banned'],
      ...managers('204'),
    },
    { when: 'they are not banned', ids: ({ owner }) => ({ user_id: owner.id }), ...managers('204') },
  ],

  'GET /api/rooms/{room_id}/messages': rooms({
    ...everybody('403 not_a_member'),
    ...members('200'),
  }),

  'PUT /api/rooms/{room_id}/members/{user_id}/role': [
    { when: 'they are a member', body: () => ({ role: 'admin' }), ...owners('200') },
    {
      when: 'they are the owner',
      ids: ({ owner }) => ({ user_id: owner.id }),
      body: () => ({ role: 'member' }),
      ...owners('403 forbidden'),
    },
  ],
  'PUT /api/rooms/{room_id}/owner': [
    { body: ({ bystander }) => ({ user_id: bystander.id }), ...owners('200') },
    {
      when: 'they are no member',
      body: ({ person }) => ({ user_id: person('stranger').id }),
      ...owners('400 not_in_room'),
    },
  ],
  'GET /api/rooms/{room_id}/bans': managers('200'),
  'GET /api/rooms/{room_id}/mutes': managers('200'),
  'PUT /api/rooms/{room_id}/mutes/{user_id}': [
    { when: 'they are a member', ...managers('200') },
    { when: 'they are the owner', ids: ({ owner }) => ({ user_id: owner.id }), ...managers('403 forbidden') },
    { when: 'they do not exist', ids: () => missing, ...managers('404 user_not_found') },
  ],
  'DELETE /api/rooms/{room_id}/mutes/{user_id}': {
    when: 'they are muted',
    ids: ({ person }) => ({ user_id: person('muted').id }),
    beside: ['muted'],
    ...managers('204'),
  },
  'GET /api/rooms/{room_id}/invitations': managers('200'),
  'POST /api/rooms/{room_id}/invitations': { body: () => ({}), ...managers('201') },
  'DELETE /api/rooms/{room_id}/invitations/{invitation_id}': {
    when: 'there is none',
    ...managers('404 invitation_not_found'),
  },
  'POST /api/invitations/accept': {
    when: 'nobody has made it',
    anywhere: everybody('404 invitation_not_found'),
    body: () => ({ code: 'a'.repeat(32) }),
  },

  'POST /api/rooms/{room_id}/messages': [
    {
      ...speakers('201'),
      body: () => ({ content: 'hello' }),
    },
    {
      when: 'it answers a message of this room',
      ...speakers('201'),
      body: ({ messageId }) => ({ content: 'an answer', reply_to: messageId }),
    },
    {
      when: 'it answers a message of another room',
      ...speakers('422 reply_not_found'),
      body: ({ elsewhere }) => ({ content: 'an answer', reply_to: elsewhere.messageIds[0] }),
    },
    {
      when: 'the body names another room: the path wins',
      ...speakers('201'),
      body: ({ elsewhere }) => ({ content: 'hello', room_id: elsewhere.room.id }),
    },
  ],
};

export interface Case {
  readonly method: string;
  /** With the ids in braces. */
  readonly path: string;
  readonly entry: Entry;
  readonly title: string;
}

/** One for each entry of the table. */
export const CASES: readonly Case[] = Object.entries(ROUTES).flatMap(([route, entries]) => {
  const [method = '', path = ''] = route.split(' ');
  return [entries].flat().map((entry) => {
    const title = entry.when === undefined ? route : `${route}, when ${entry.when}`;
    return { method, path, entry, title };
  });
});

/** The path with its ids filled in. */
export function pathFor({ path, entry }: Case, setting: Setting, caller: Caller): string {
  const chosen = entry.ids?.(setting, caller) ?? {};
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const id = chosen[name] ?? IDS[name]?.(setting);
    if (id === undefined) throw new Error(`Nothing stands for {${name}}: add it to IDS.`);
    return String(id);
  });
}

function me(setting: Setting, caller: Caller): number {
  return caller === 'anonymous' ? setting.bystander.id : setting.person(caller).id;
}
