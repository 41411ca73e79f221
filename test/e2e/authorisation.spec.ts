import { beforeAll, describe, expect, it } from '@jest/globals';
import { ENDPOINT_NAMES } from '../../src/connections/endpoints.js';
import { CLIENT_FRAME_TYPES } from '../../src/protocol/client-frames.js';
import { CALLERS, isOutsider, isRefusal, type Caller, type Outsider } from '../authorisation/outcomes.js';
import { outcomeOf, outcomeOfHandshake } from '../authorisation/outcome.parser.js';
import { expectRow } from '../authorisation/play.js';
import { PAGES } from '../authorisation/pages.js';
import { CASES, pathFor, ROUTES, type Case } from '../authorisation/routes.js';
import { documentedRoutes, servedRoutes } from '../authorisation/running-routes.parser.js';
import { FRAME_CASES, FRAMES, HANDSHAKES } from '../authorisation/sockets.js';
import { isKnown, Stage, type Setting, type Visibility } from '../authorisation/stage.js';
import type { Problem, StoredMessage } from '../support/frames.js';
import { handshake } from '../support/handshake.js';
import { expectProblem } from '../support/problems.js';
import type { Answer } from '../support/rest-client.js';
import { runServer } from '../support/test-server.js';
import { SocketClient } from '../support/socket-client.js';

// What survives a loss of power is tested elsewhere.
const server = runServer({ DURABILITY: 'normal', MAX_ROOMS_PER_CONNECTION: '100000' });
let stage: Stage;
beforeAll(async () => {
  stage = await Stage.on(server);
});

const MISSING = 999_999;
const VISIBILITIES: readonly Visibility[] = ['public', 'private'];
/** Headers that say when, or how often: they differ between any two answers. */
const PASSING_HEADER = /^(date|(x-)?ratelimit.*|x-request-id)$/;

describe('The tables', () => {
  it('have every route that the application serves, hidden ones too, and none that is gone', async () => {
    const served = servedRoutes(server);
    const documented = await documentedRoutes(server);

    expect(served.filter((route) => !PAGES.includes(route)).sort()).toEqual(Object.keys(ROUTES).sort());
    expect(documented.sort()).toEqual(Object.keys(ROUTES).sort());
    expect(PAGES.filter((page) => !served.includes(page))).toEqual([]);
  });

  it('have every client frame and every endpoint', () => {
    expect(Object.keys(FRAMES).sort()).toEqual([...CLIENT_FRAME_TYPES].sort());
    expect(Object.keys(HANDSHAKES).sort()).toEqual([...ENDPOINT_NAMES].sort());
  });
});

async function call(one: Case, setting: Setting, caller: Caller, path = pathFor(one, setting, caller)) {
  const { method, entry } = one;
  const spends = isKnown(caller) ? entry.spends : undefined;
  const person = isKnown(caller) ? setting.person(caller) : undefined;
  const as = person && spends === 'session' ? await server.logIn(person) : person;
  const body = entry.body?.(setting, caller);
  const answer = await server.rest.request<Partial<Problem> | undefined>(method, path, { as, body });
  if (isKnown(caller) && spends === 'person') await stage.renew(caller);
  return answer;
}

describe.each(CASES.map((one) => ({ title: one.title, one })))('$title', ({ one }) => {
  const { entry } = one;
  const act = async (setting: Setting, caller: Caller) => {
    const { status, body } = await call(one, setting, caller);
    return outcomeOf(status, body);
  };

  if ('anywhere' in entry) {
    it('answers everybody as the table says, and a refusal changes nothing', async () => {
      await expectRow(stage, entry.anywhere, 'public', act, { ...entry, roomless: true });
    });
  } else {
    it.each(VISIBILITIES)(
      'answers as the table says in a %s room, and a refusal changes nothing',
      async (kind) => {
        await expectRow(stage, entry[kind], kind, act, entry);
      },
    );

    it('does not tell outsiders a private room from a missing one', async () => {
      const callers = CALLERS.filter(isOutsider);
      const setting = await stage.set('private', ...callers);
      const alike = callers.map((caller) => [caller, entry.tellsOfPrivateRooms === undefined] as const);

      const found: [Outsider, boolean][] = [];
      for (const caller of callers) {
        const path = pathFor(one, setting, caller);
        const missing = await call(one, setting, caller, path.replace(`/${setting.room.id}`, `/${MISSING}`));
        found.push([caller, asSeen(await call(one, setting, caller, path)) === asSeen(missing)]);
        expectProblem(missing, 404, 'room_not_found');
      }

      expect(found).toEqual(alike);
    });
  }
});

/** All that a caller can compare: status, headers and body, without the numbers that they have sent themselves. */
function asSeen({ status, headers, text }: Answer<unknown>): string {
  const lasting = [...headers].filter(([name]) => !PASSING_HEADER.test(name));
  return JSON.stringify([status, lasting, text.replace(/\d+/g, 'N')]);
}

function authorizationOf(setting: Setting, caller: Caller): Record<string, string> {
  return isKnown(caller) ? { authorization: `Bearer ${setting.person(caller).token}` } : {};
}

describe.each(ENDPOINT_NAMES)('The handshake of the %s endpoint', (name) => {
  it.each(VISIBILITIES)('is answered as the table says with a %s room', async (kind) => {
    const { path, ...rows } = HANDSHAKES[name];

    await expectRow(stage, rows[kind], kind, async (setting, caller) => {
      const headers = authorizationOf(setting, caller);
      return outcomeOfHandshake(await handshake(server.socketUrl + path(setting), { headers }));
    });
  });
});

describe.each(FRAME_CASES)('The frame $title', ({ entry }) => {
  /** What an open socket answers, in the words of the table. */
  async function send(socket: SocketClient, frame: object): Promise<string> {
    const answer = await socket.ask(frame);
    return answer.type === 'error' ? answer.code : 'ack';
  }

  it.each(VISIBILITIES)('is answered as the table says on /ws/auth, about a %s room', async (kind) => {
    await expectRow(stage, entry.auth[kind], kind, async (setting, caller) => {
      if (!isKnown(caller)) return refusalOf('/ws/auth', setting, caller);
      return send(stage.socketOf(caller), entry.frame(setting));
    });
  });

  it.each(VISIBILITIES)('is answered as the table says on a socket of a %s room', async (kind) => {
    const sockets = new Map<string, SocketClient | string>();
    const keyOf = ({ room }: Setting, caller: Caller) => `${room.id} ${caller}`;
    const prepare = async (setting: Setting, caller: Caller) => {
      sockets.set(keyOf(setting, caller), await open(`/ws/room/${setting.room.id}`, setting, caller));
    };

    await expectRow(
      stage,
      entry.room[kind],
      kind,
      async (setting, caller) => {
        const socket = sockets.get(keyOf(setting, caller));
        return socket instanceof SocketClient ? send(socket, entry.frame(setting)) : String(socket);
      },
      { prepare },
    );

    for (const socket of sockets.values()) if (socket instanceof SocketClient) socket.terminate();
  });

  it('does not tell outsiders a private room from a missing one', async () => {
    const callers = CALLERS.filter(isOutsider);
    const setting = await stage.set('private', ...callers);
    const missing = { ...setting, room: { ...setting.room, id: MISSING } };
    const areAlike = entry.tellsOfPrivateRooms === undefined;

    for (const caller of callers) {
      const socket = stage.socketOf(caller);
      const answers = [setting, missing].map(async (place) => {
        const ref = `${caller} asks`;
        socket.send({ ...entry.frame(place), ref });
        return JSON.stringify(await socket.answerTo(ref)).replace(/"timestamp":"[^"]*"/, '');
      });
      const [existing, none] = await Promise.all(answers);
      expect({ caller, areAlike: existing === none }).toEqual({ caller, areAlike });
    }
  });
});

/** Opens a socket, or gives the outcome of the handshake that refused it. */
async function open(path: string, setting: Setting, caller: Caller): Promise<SocketClient | string> {
  const headers = authorizationOf(setting, caller);
  try {
    const socket = await SocketClient.open(server.socketUrl + path, { headers });
    await socket.settled();
    return socket;
  } catch {
    return refusalOf(path, setting, caller);
  }
}

async function refusalOf(path: string, setting: Setting, caller: Caller): Promise<string> {
  const headers = authorizationOf(setting, caller);
  return outcomeOfHandshake(await handshake(server.socketUrl + path, { headers }));
}

describe('Places of another room', () => {
  it.each(['after=0', 'after=3', 'before=5', 'around=3', 'skip=2'])(
    'give no message of it over REST: %s',
    async (place) => {
      const { room, elsewhere, person } = await stage.set('public', 'member');

      const { status, body, text } = await server.rest.get<StoredMessage[]>(
        `/api/rooms/${room.id}/messages?${place}`,
        person('member'),
      );

      expect(status).toBe(200);
      expect(body.filter(({ room_id }) => room_id !== room.id)).toEqual([]);
      expect(text).not.toContain(elsewhere.secret);
    },
  );

  it.each([0, 3, 5, 999_999])('give no message of it to a socket: after_seq %d', async (after_seq) => {
    const setting = await stage.set('public', 'member');
    const { room, elsewhere } = setting;
    const bound = await open(`/ws/room/${room.id}?after_seq=${after_seq}`, setting, 'member');
    if (!(bound instanceof SocketClient)) throw new Error(`No socket: ${bound}`);
    const many = stage.socketOf('member');
    many.unread();

    await many.ask({ type: 'join_room', room_id: room.id, after_seq });
    const pages = [...(await many.wholeHistory()), ...(await bound.wholeHistory())];

    expect(new Set(pages.map(({ room_id }) => room_id))).toEqual(new Set([room.id]));
    expect(JSON.stringify([pages, bound.inbox])).not.toContain(elsewhere.secret);
    bound.terminate();
  });
});

describe('HEAD', () => {
  it('is answered as GET is, to whoever asks', async () => {
    const setting = await stage.set('private', 'member');
    const callers: Caller[] = ['anonymous', 'stranger', 'member', 'ops'];

    for (const one of CASES.filter(({ method }) => method === 'GET')) {
      for (const caller of callers) {
        const [head, get] = [
          await call({ ...one, method: 'HEAD' }, setting, caller),
          await call(one, setting, caller),
        ];
        const asked = `${caller}: ${one.title}`;
        expect({ asked, status: head.status, text: head.text }).toEqual({
          asked,
          status: get.status,
          text: '',
        });
      }
    }
  });
});

describe('The tables, as far as they can be judged by themselves', () => {
  it('never let an outsider do anything in a private room', () => {
    const wide = CASES.filter(
      ({ entry }) =>
        'private' in entry && CALLERS.filter(isOutsider).some((one) => !isRefusal(entry.private[one])),
    );

    expect(wide.map(({ title }) => title)).toEqual([]);
  });
});
