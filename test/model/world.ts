import type { Connection } from '../../src/connections/connection.js';
import { ConnectionRegistry } from '../../src/connections/connection-registry.js';
import { handshake } from '../support/handshake.js';
import type { Answer, Caller } from '../support/rest-client.js';
import type { Person, Room, TestServer } from '../support/test-server.js';
import { until } from '../support/until.js';
import { sessionOf, type Action, type DeviceId, type Line, type Post, type SessionId } from './action.js';
import { DeviceClient, type Directory } from './device-client.js';
import { OWNERS, PEOPLE, PRIVATE_ROOM, ROOMS, type Name, type RoomName } from './steps.js';

type Connect = Extract<Action, { do: 'connect' }>;
type Sayable = Answer<{ code?: string; seq?: number }>;

/** New people, rooms and sessions on a real server, and what their devices receive. */
export class World implements Directory {
  readonly clients = new Map<DeviceId, DeviceClient>();
  private readonly lines = new Map<DeviceId, Line[]>();
  private readonly places = new Map<string, number>();
  /** Begun when they are needed. The calls over REST have a session of their own, which does not end. */
  private readonly sessions = new Map<SessionId, Promise<Caller>>();
  private epoch = '';
  /** Of sockets that are gone. Nothing may still be subscribed for them. */
  readonly gone: DeviceClient[] = [];

  private constructor(
    readonly server: TestServer,
    readonly people: Readonly<Record<Name, Person>>,
    readonly rooms: Readonly<Record<RoomName, Room>>,
  ) {}

  static async begin(server: TestServer): Promise<World> {
    const [ada, bob, cleo] = await server.people(...PEOPLE);
    const people = { ada, bob, cleo };
    const make = (room: RoomName) =>
      server.room(people[OWNERS[room]], { visibility: room === PRIVATE_ROOM ? 'private' : 'public' });
    const [lobby, attic, den] = await Promise.all([make('lobby'), make('attic'), make('den')]);
    return new World(server, people, { lobby, attic, den });
  }

  get registry(): ConnectionRegistry {
    return this.server.inside(ConnectionRegistry);
  }

  isOpen(device: DeviceId): boolean {
    return this.clients.has(device);
  }

  seen(device: DeviceId, room: RoomName): number | undefined {
    return this.places.get(`${device} ${room}`);
  }

  person(id: number, username: string): Name {
    const name = PEOPLE.find((candidate) => this.people[candidate].id === id);
    if (name === undefined || this.people[name].username !== username) throw new Error(`Who is ${username}?`);
    return name;
  }

  room(id: number): RoomName {
    const name = ROOMS.find((candidate) => this.rooms[candidate].id === id);
    if (name === undefined) throw new Error(`Which room is ${id}?`);
    return name;
  }

  /** What each device received since the last time. */
  takeLines(): Map<DeviceId, Line[]> {
    for (const { device } of this.clients.values()) this.readLines(device);
    const taken = new Map([...this.lines].filter(([, lines]) => lines.length > 0));
    this.lines.clear();
    return taken;
  }

  /**
   * Does it, and gives the answer in the words of the model. Why a handshake was refused is asked only when
   * nothing else happens: the answer could be another one by then.
   */
  async perform(action: Action, isAlone: boolean): Promise<string> {
    switch (action.do) {
      case 'connect': {
        const answer = await this.connect(action);
        return answer === 'refused' && isAlone ? this.reasonFor(action) : answer;
      }
      case 'cut':
      case 'close':
        return this.hangUp(action.device, action.do === 'close');
      case 'join':
        return this.join(action.device, action.room, action.after);
      case 'leave':
        return this.ask(action.device, { type: 'leave_room', room_id: this.rooms[action.room].id });
      case 'type':
        return this.ask(action.device, { type: 'typing', room_id: this.rooms[action.room].id });
      case 'say':
        return this.say(action.device, action.room, action.posts);
      case 'restSay':
        return this.restSay(action.who, action.room, action.posts[0]);
      case 'restJoin':
        return answerOf(await this.post(action.who, `${this.path(action.room)}/join`));
      case 'restLeave':
        return answerOf(await this.post(action.who, `${this.path(action.room)}/leave`));
      case 'kick':
      case 'ban':
      case 'unban':
      case 'add': {
        const method = action.do === 'ban' || action.do === 'add' ? 'PUT' : 'DELETE';
        const list = action.do === 'kick' || action.do === 'add' ? 'members' : 'bans';
        const path = `${this.path(action.room)}/${list}/${this.people[action.whom].id}`;
        const as = this.people[action.who];
        return answerOf(await this.server.rest.request<Sayable['body']>(method, path, { as }));
      }
      case 'logOut': {
        const session = await this.sessionOf(action.session);
        return answerOf(await this.server.rest.post<Sayable['body']>('/api/logout', undefined, session));
      }
    }
  }

  /** Resolves when everything that was caused so far has arrived everywhere. */
  async settle(): Promise<void> {
    for (;;) {
      const open = [...this.clients.values()];
      const stillOpen = await Promise.all(open.map((client) => client.settled()));
      const closed = open.filter((_, index) => stillOpen[index] === false);
      await Promise.all(closed.map((client) => this.closedByServer(client)));
      if (closed.length === 0) return;
    }
  }

  /** The next socket is to log in again. */
  forgetSession(session: SessionId): void {
    this.sessions.delete(session);
  }

  async hangUpAll(): Promise<void> {
    await Promise.all([...this.clients.keys()].map((device) => this.hangUp(device, false)));
  }

  /** Leaves nothing behind for the next world, also when this one has failed. */
  async end(): Promise<void> {
    this.server.hangUp();
    const count = () => PEOPLE.reduce((sum, who) => sum + this.connectionsOf(who).size, 0);
    await until(
      () => new Promise<number>((resolve) => setImmediate(() => resolve(count()))),
      (open) => open === 0,
    );
  }

  connectionsOf(who: Name): ReadonlySet<Connection> {
    return this.registry.connectionsOf(this.people[who].id);
  }

  private async connect({ device, to, after }: Connect): Promise<string> {
    if (this.clients.has(device)) await this.hangUp(device, false);
    const path = this.pathOf(to, after);
    const session = await this.sessionOf(sessionOf(device));
    const client = await this.server.socket(path, session).catch(refused);
    if (client === undefined) return 'refused';
    const { client_id, epoch } = await client.next('connection_established');
    this.epoch = epoch;
    const connection = [...this.registry.connections].find(({ id }) => id === client_id);
    const opened = new DeviceClient(device, client, connection, this, this.places);
    this.clients.set(device, opened);
    if (to !== 'auth') await opened.caughtUp(this.rooms[to].id);
    return 'ok';
  }

  /** A WebSocket client sees a status only; asked once more, as plain HTTP, the handshake shows the code. */
  private async reasonFor({ device, to, after }: Connect): Promise<string> {
    const { token } = await this.sessionOf(sessionOf(device));
    const headers = { authorization: `Bearer ${token}` };
    const { status, text } = await handshake(this.server.socketUrl + this.pathOf(to, after), { headers });
    return /"code":"(\w+)"/.exec(text)?.[1] ?? `status ${status}`;
  }

  private pathOf(to: RoomName | 'auth', after: number | undefined): string {
    if (to === 'auth') return '/ws/auth';
    return `/ws/room/${this.rooms[to].id}${after === undefined ? '' : `?after_seq=${after}&epoch=${this.epoch}`}`;
  }

  private sessionOf(session: SessionId): Promise<Caller> {
    const [who] = PEOPLE.filter((name) => session.startsWith(name));
    if (who === undefined) throw new Error(`Whose is ${session}?`);
    const tokens = this.sessions.get(session) ?? this.server.logIn(this.people[who]);
    this.sessions.set(session, tokens);
    return tokens;
  }

  private async hangUp(device: DeviceId, politely: boolean): Promise<string> {
    const open = this.clients.get(device);
    if (!open) return 'gone';
    this.clients.delete(device);
    if (politely) await open.client.close();
    else open.client.terminate();
    await open.gone();
    this.gone.push(open);
    return 'ok';
  }

  private async closedByServer(open: DeviceClient): Promise<void> {
    this.readLines(open.device);
    const { code } = await open.client.closed();
    this.keep(open.device, [{ room: '', text: `closed with ${code}` }]);
    this.clients.delete(open.device);
    await open.gone();
    this.gone.push(open);
  }

  private async join(device: DeviceId, room: RoomName, after: number | undefined): Promise<string> {
    const room_id = this.rooms[room].id;
    const place = after === undefined ? {} : { after_seq: after, epoch: this.epoch };
    const answer = await this.ask(device, { type: 'join_room', room_id, ...place });
    if (answer === 'ok') await this.clients.get(device)?.caughtUp(room_id);
    return answer;
  }

  private async say(device: DeviceId, room: RoomName, posts: Post[]): Promise<string> {
    const room_id = this.rooms[room].id;
    const answers = posts.map(({ text, clientMsgId }) =>
      this.ask(device, { type: 'message', room_id, content: text, client_msg_id: clientMsgId }),
    );
    return (await Promise.all(answers)).at(-1) ?? 'ok';
  }

  private async restSay(who: Name, room: RoomName, { text, clientMsgId }: Post): Promise<string> {
    const body = { content: text, client_msg_id: clientMsgId };
    const answer = await this.post(who, `${this.path(room)}/messages`, body);
    if (answer.status >= 300) return answerOf(answer);
    return `${answer.status === 200 ? 'again' : 'ok'} at ${answer.body.seq ?? '?'}`;
  }

  /** A socket that closes in between leaves the frame without an answer. */
  private async ask(device: DeviceId, frame: object): Promise<string> {
    const open = this.clients.get(device);
    if (!open) return 'gone';
    try {
      const answer = await open.client.ask(frame);
      if (answer.type === 'error') return answer.code;
      return answer.seq === undefined ? 'ok' : `${answer.duplicate ? 'again' : 'ok'} at ${answer.seq}`;
    } catch (error) {
      if (open.client.isOpen) throw error;
      return 'gone';
    }
  }

  private post(who: Name, path: string, body?: object): Promise<Sayable> {
    return this.server.rest.post(path, body, this.people[who]);
  }

  private path(room: RoomName): string {
    return `/api/rooms/${this.rooms[room].id}`;
  }

  private readLines(device: DeviceId): void {
    this.keep(device, this.clients.get(device)?.takeLines() ?? []);
  }

  private keep(device: DeviceId, lines: Line[]): void {
    this.lines.set(device, [...(this.lines.get(device) ?? []), ...lines]);
  }
}

function refused(error: unknown): undefined {
  if (!(error instanceof Error && /\b4\d\d$/.test(error.message))) throw error;
}

function answerOf({ status, body }: Sayable): string {
  return status < 300 ? 'ok' : (body.code ?? `status ${status}`);
}
