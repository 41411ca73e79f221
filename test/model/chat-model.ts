import {
  messageLine,
  personOf,
  sessionOf,
  type Action,
  type DeviceId,
  type Entry,
  type Line,
  type Post,
  type SessionId,
} from './action.js';
import { OWNERS, PRIVATE_ROOM, type Name, type RoomName } from './steps.js';

/** How many messages a client without a place is given. */
export const NEWEST = 50;

interface OpenDevice {
  readonly bound: RoomName | undefined;
  readonly rooms: Set<RoomName>;
}

/** Everything that the model remembers; plain data, so that it can be copied. */
export interface ChatState {
  readonly members: Record<RoomName, Set<Name>>;
  readonly banned: Record<RoomName, Set<Name>>;
  readonly logs: Record<RoomName, Entry[]>;
  readonly devices: Map<DeviceId, OpenDevice>;
  /** Sessions that have ended and are not replaced yet. */
  readonly ended: Set<SessionId>;
}

/** What docs/protocol.md promises, as simply as it can be said: one thing happens after the other, at once. */
export class ChatModel {
  /** What each device has to receive, since it was last taken. */
  private inboxes = new Map<DeviceId, Line[]>();

  constructor(readonly state: ChatState = newState()) {}

  copy(): ChatModel {
    return new ChatModel(structuredClone(this.state));
  }

  takeInboxes(): Map<DeviceId, Line[]> {
    const taken = this.inboxes;
    this.inboxes = new Map();
    return taken;
  }

  /** The answer: `ok`, with the place of a message; `again` for a retry; or the code of the refusal. */
  apply(action: Action): string {
    if ('device' in action && action.do !== 'connect' && !this.state.devices.has(action.device))
      return 'gone';
    switch (action.do) {
      case 'connect':
        return this.connect(action.device, action.to, action.after);
      case 'cut':
      case 'close':
        this.hangUp(action.device);
        return 'ok';
      case 'join':
        return this.boundRoomOf(action.device) === undefined
          ? (this.enter(action.who, action.room) ?? this.listen(action.device, action.room, action.after))
          : 'not_on_this_socket';
      case 'leave':
        return this.leaveOn(action.device, action.room);
      case 'type':
        return this.type(action.who, this.boundRoomOf(action.device) ?? action.room);
      case 'say':
        return this.sayAll(action.who, this.boundRoomOf(action.device) ?? action.room, action.posts);
      case 'restSay':
        return this.sayAll(action.who, action.room, action.posts);
      case 'restJoin':
        return this.enter(action.who, action.room) ?? 'ok';
      case 'restLeave':
        return this.leave(action.who, action.room);
      case 'kick':
      case 'ban':
      case 'unban':
      case 'add':
        return this.asOwner(action.who, action.room) ?? this.moderate(action.do, action.room, action.whom);
      case 'logOut':
        return this.logOut(action.session);
    }
  }

  private connect(device: DeviceId, to: RoomName | 'auth', after: number | undefined): string {
    if (this.state.devices.has(device)) this.hangUp(device);
    if (this.state.ended.has(sessionOf(device))) return 'not_authenticated';
    const bound = to === 'auth' ? undefined : to;
    const refusal = bound && this.enter(personOf(device), bound);
    if (refusal !== undefined) return refusal;
    this.state.devices.set(device, { bound, rooms: new Set() });
    this.put(device, '', `connection_established ${personOf(device)}`);
    return bound === undefined ? 'ok' : this.listen(device, bound, after);
  }

  private hangUp(device: DeviceId): void {
    const { rooms = [] } = this.state.devices.get(device) ?? {};
    this.state.devices.delete(device);
    const who = personOf(device);
    for (const room of rooms) {
      if (![...this.listeners(room)].some((other) => personOf(other) === who)) {
        this.tell(room, `user_disconnected ${who}`);
      }
    }
  }

  /** Becomes a member, unless there is a reason against it. */
  private enter(who: Name, room: RoomName): string | undefined {
    if (this.isMember(who, room)) return undefined;
    if (this.state.banned[room].has(who)) return 'banned';
    if (room === PRIVATE_ROOM && OWNERS[room] !== who) return 'room_is_private';
    return this.addMember(who, room);
  }

  private addMember(who: Name, room: RoomName): undefined {
    if (!this.isMember(who, room)) this.tell(room, `user_joined ${who}`);
    this.state.members[room].add(who);
  }

  private listen(device: DeviceId, room: RoomName, after: number | undefined): string {
    const { bound, rooms } = this.open(device);
    rooms.add(room);
    const log = this.state.logs[room];
    if (bound === undefined) this.put(device, room, `room_joined at ${log.length}`);
    const isGap = after !== undefined && after > log.length;
    if (isGap) this.put(device, room, `gap after ${after} at ${log.length}`);
    this.put(device, room, `history up to ${log.length}`);
    const missed = after === undefined || isGap ? log.slice(-NEWEST) : log.slice(after);
    for (const entry of missed) this.put(device, room, messageLine(entry, personOf(device)));
    return 'ok';
  }

  private leaveOn(device: DeviceId, room: RoomName): string {
    const { bound, rooms } = this.open(device);
    if (bound !== undefined) return 'not_on_this_socket';
    const heard = rooms.has(room);
    const answer = this.leave(personOf(device), room);
    if (answer === 'ok' && !heard) this.put(device, room, 'room_left: left');
    return answer;
  }

  private leave(who: Name, room: RoomName): string {
    if (this.isMember(who, room)) return this.remove(who, room, 'left');
    return this.isHidden(who, room) ? 'room_not_found' : 'not_in_room';
  }

  private remove(who: Name, room: RoomName, reason: string): string {
    this.state.members[room].delete(who);
    for (const device of this.listeners(room)) {
      if (personOf(device) !== who) continue;
      const { bound, rooms } = this.open(device);
      rooms.delete(room);
      if (bound === undefined) this.put(device, room, `room_left: ${reason}`);
      else this.closeByServer(device, 4403);
    }
    this.tell(room, `user_left ${who}`);
    return 'ok';
  }

  private type(who: Name, room: RoomName): string {
    const refusal = this.asMember(who, room);
    if (refusal !== undefined) return refusal;
    for (const device of this.listeners(room)) {
      if (personOf(device) !== who) this.put(device, room, `user_typing ${who}`);
    }
    return 'ok';
  }

  /** The answer to the last of them. */
  private sayAll(who: Name, room: RoomName, posts: Post[]): string {
    return posts.map((post) => this.say(who, room, post)).at(-1) ?? 'ok';
  }

  private say(who: Name, room: RoomName, { text, clientMsgId }: Post): string {
    const refusal = this.asMember(who, room);
    if (refusal !== undefined) return refusal;
    const log = this.state.logs[room];
    const isRetry = (entry: Entry) => entry.who === who && entry.clientMsgId === clientMsgId;
    const original = clientMsgId === undefined ? undefined : log.find(isRetry);
    if (original) return `again at ${original.seq}`;
    const entry = { seq: log.length + 1, who, text, clientMsgId };
    log.push(entry);
    for (const device of this.listeners(room)) this.put(device, room, messageLine(entry, personOf(device)));
    return `ok at ${entry.seq}`;
  }

  private moderate(verb: 'kick' | 'ban' | 'unban' | 'add', room: RoomName, whom: Name): string {
    if (verb === 'unban') this.state.banned[room].delete(whom);
    if (verb === 'add' && !this.isMember(whom, room)) {
      if (this.state.banned[room].has(whom)) return 'banned';
      this.addMember(whom, room);
    }
    if (verb === 'unban' || verb === 'add') return 'ok';
    if (OWNERS[room] === whom) return 'forbidden';
    if (verb === 'ban') this.state.banned[room].add(whom);
    if (this.isMember(whom, room)) return this.remove(whom, room, verb === 'kick' ? 'kicked' : 'banned');
    return verb === 'kick' ? 'not_in_room' : 'ok';
  }

  private logOut(session: SessionId): string {
    if (this.state.ended.has(session)) return 'not_authenticated';
    this.state.ended.add(session);
    for (const device of [...this.state.devices.keys()]) {
      if (sessionOf(device) === session) this.closeByServer(device, 4401);
    }
    return 'ok';
  }

  private closeByServer(device: DeviceId, code: number): void {
    this.put(device, '', `closed with ${code}`);
    this.hangUp(device);
  }

  private asMember(who: Name, room: RoomName): string | undefined {
    if (this.isMember(who, room)) return undefined;
    return this.isHidden(who, room) ? 'room_not_found' : 'not_a_member';
  }

  private asOwner(who: Name, room: RoomName): string | undefined {
    if (this.isHidden(who, room)) return 'room_not_found';
    return OWNERS[room] === who ? undefined : 'forbidden';
  }

  private isHidden(who: Name, room: RoomName): boolean {
    return room === PRIVATE_ROOM && OWNERS[room] !== who && !this.isMember(who, room);
  }

  private isMember(who: Name, room: RoomName): boolean {
    return this.state.members[room].has(who);
  }

  private boundRoomOf(device: DeviceId): RoomName | undefined {
    return this.open(device).bound;
  }

  private open(device: DeviceId): OpenDevice {
    const open = this.state.devices.get(device);
    if (!open) throw new Error(`${device} is not open.`);
    return open;
  }

  private listeners(room: RoomName): DeviceId[] {
    return [...this.state.devices].filter(([, { rooms }]) => rooms.has(room)).map(([device]) => device);
  }

  private tell(room: RoomName, text: string): void {
    for (const device of this.listeners(room)) this.put(device, room, text);
  }

  private put(device: DeviceId, room: RoomName | '', text: string): void {
    const inbox = this.inboxes.get(device) ?? [];
    inbox.push({ room, text });
    this.inboxes.set(device, inbox);
  }
}

function newState(): ChatState {
  return {
    members: { lobby: new Set(['ada']), attic: new Set(['bob']), den: new Set(['ada']) },
    banned: { lobby: new Set(), attic: new Set(), den: new Set() },
    logs: { lobby: [], attic: [], den: [] },
    devices: new Map(),
    ended: new Set(),
  };
}
