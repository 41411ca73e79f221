/**
 * Who may open which socket, and send which frame on it: the tables that `test/e2e/authorisation.spec.ts` compares with
 * the running server. A client frame or an endpoint without an entry does not compile.
 */
import type { EndpointName } from '../../src/connections/endpoints.js';
import type { ClientFrameType } from '../../src/protocol/client-frames.js';
import {
  anybody,
  everybody,
  members,
  outsiders,
  rooms,
  type FrameOutcome,
  type HttpOutcome,
  type RoomRows,
} from './outcomes.js';
import type { Setting } from './stage.js';

/** The path of each endpoint, and the answer to its handshake. */
export const HANDSHAKES: Readonly<
  Record<EndpointName, RoomRows<HttpOutcome> & { readonly path: (setting: Setting) => string }>
> = {
  public: { path: () => '/ws', public: anybody('101'), private: anybody('101') },
  echo: { path: () => '/ws/echo', public: anybody('101'), private: anybody('101') },
  // Nobody has asked for it on this server.
  conformance: {
    path: () => '/ws/conformance',
    public: anybody('404 route_not_found'),
    private: anybody('404 route_not_found'),
  },
  auth: { path: () => '/ws/auth', public: everybody('101'), private: everybody('101') },
  room: {
    path: ({ room }) => `/ws/room/${room.id}`,
    public: { ...everybody('101'), banned: '403 banned' },
    private: { ...everybody('101'), ...outsiders('403 room_is_private'), banned: '403 banned' },
  },
};

/** The answer to a frame: on `/ws/auth`, and on a socket of the room, where it first has to be opened. */
export interface FrameEntry {
  /** Tells the entries of one frame apart. */
  readonly when?: string;
  readonly frame: (setting: Setting) => object;
  readonly auth: RoomRows<FrameOutcome>;
  readonly room: RoomRows<FrameOutcome>;
  /** Why outsiders may learn from the answer that a private room exists. */
  readonly tellsOfPrivateRooms?: string;
}

/** On a room socket: whoever may open one is a member by that, so the handshake decides. */
function bound(outcome: FrameOutcome, muted = outcome): RoomRows<FrameOutcome> {
  return {
    public: { ...everybody(outcome), muted, banned: '403 banned' },
    private: { ...everybody(outcome), ...outsiders('403 room_is_private'), muted, banned: '403 banned' },
  };
}

/** Members who are not muted only; outsiders find no private room. */
const forSpeakers = (outcome: FrameOutcome): RoomRows<FrameOutcome> => {
  const { public: inPublic, private: inPrivate } = rooms<FrameOutcome>({
    ...everybody<FrameOutcome>('not_a_member'),
    ...members(outcome),
    muted: 'muted',
  });
  return { public: inPublic, private: { ...inPrivate, ...outsiders('room_not_found') } };
};

const JOINING = {
  auth: {
    public: { ...everybody('ack'), banned: 'banned' },
    private: { ...everybody('ack'), ...outsiders('room_is_private'), banned: 'banned' },
  },
  room: bound('not_on_this_socket'),
  tellsOfPrivateRooms: 'whoever was told of one shall know why they cannot join it (docs/protocol.md)',
} satisfies Partial<FrameEntry>;

export const FRAMES: Readonly<Record<ClientFrameType, FrameEntry | readonly FrameEntry[]>> = {
  message: [
    {
      frame: ({ room }) => ({ type: 'message', room_id: room.id, content: 'hello' }),
      auth: forSpeakers('ack'),
      room: bound('ack', 'muted'),
    },
    {
      when: 'it answers a message of this room',
      frame: ({ room, messageId }) => ({ room_id: room.id, content: 'an answer', reply_to: messageId }),
      auth: forSpeakers('ack'),
      room: bound('ack', 'muted'),
    },
    {
      when: 'it answers a message of another room',
      frame: ({ room, elsewhere }) => ({
        room_id: room.id,
        content: 'an answer',
        reply_to: elsewhere.messageIds[0],
      }),
      auth: forSpeakers('reply_not_found'),
      room: bound('reply_not_found', 'muted'),
    },
  ],
  typing: {
    frame: ({ room }) => ({ type: 'typing', room_id: room.id }),
    auth: forSpeakers('ack'),
    room: bound('ack', 'muted'),
  },
  join_room: [
    { frame: ({ room }) => ({ type: 'join_room', room_id: room.id }), ...JOINING },
    {
      when: 'it asks for all that was said',
      frame: ({ room }) => ({ type: 'join_room', room_id: room.id, after_seq: 0 }),
      ...JOINING,
    },
  ],
  leave_room: {
    frame: ({ room }) => ({ type: 'leave_room', room_id: room.id }),
    auth: {
      public: { ...everybody('not_in_room'), ...members('ack') },
      private: { ...everybody('not_in_room'), ...outsiders('room_not_found'), ...members('ack') },
    },
    room: bound('not_on_this_socket'),
  },
  authenticate: {
    when: 'the token is somebody else’s',
    frame: ({ bystander }) => ({ type: 'authenticate', token: bystander.token }),
    auth: { public: everybody('other_user'), private: everybody('other_user') },
    room: bound('other_user'),
  },
  ping: {
    frame: () => ({ type: 'ping' }),
    auth: { public: everybody('ack'), private: everybody('ack') },
    room: bound('ack'),
  },
};

/** One for each entry of the table. */
export const FRAME_CASES: readonly { readonly title: string; readonly entry: FrameEntry }[] = Object.entries(
  FRAMES,
).flatMap(([type, entries]) =>
  [entries].flat().map((entry) => ({
    title: entry.when === undefined ? type : `${type}, when ${entry.when}`,
    entry,
  })),
);
