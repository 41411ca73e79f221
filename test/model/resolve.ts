import { sessionOf, type Action, type DeviceId, type Post } from './action.js';
import { CHATTER, type DeviceName, type MessageId, type Name, type RoomName, type Step } from './steps.js';

/** What the devices know of the rooms, and which of them are open. */
export interface Surroundings {
  isOpen(device: DeviceId): boolean;
  /** The newest place of the room that the device has seen, also on earlier sockets. */
  seen(device: DeviceId, room: RoomName): number | undefined;
  headOf(room: RoomName): number;
  /** Where a device posts that was told to post to the room: a room socket knows one room only. */
  roomOf(device: DeviceId, room: RoomName): RoomName;
}

/** Fills in what a step leaves open. The same steps in the same surroundings become the same actions. */
export class Resolver {
  private texts = 0;
  private readonly newest = new Map<Name, { room: RoomName; clientMsgId: string }>();
  private newestOfAll: string | undefined;

  constructor(private readonly around: Surroundings) {}

  /** Nothing when the step needs an open device and the person has none. */
  resolve(step: Step): Action | undefined {
    switch (step.do) {
      case 'connect': {
        const device: DeviceId = `${step.who}.${step.device}`;
        const after = step.to === 'auth' ? undefined : this.placeOf(device, step.to, step.from);
        return { do: step.do, who: step.who, device, to: step.to, after };
      }
      case 'restSay':
        return { do: step.do, who: step.who, ...this.draft(step, step.room) };
      case 'restJoin':
      case 'restLeave':
      case 'kick':
      case 'ban':
      case 'unban':
      case 'add':
        return step;
      case 'logOut':
        return { do: step.do, who: step.who, session: sessionOf(`${step.who}.${step.device}`) };
      case 'cut':
      case 'close':
      case 'join':
      case 'leave':
      case 'type':
      case 'chatter':
      case 'say':
        return this.onDevice(step);
    }
  }

  private onDevice(step: Extract<Step, { device: DeviceName }>): Action | undefined {
    const device = this.openDeviceOf(step.who, step.device);
    if (device === undefined) return undefined;
    switch (step.do) {
      case 'cut':
      case 'close':
        return { ...step, device };
      case 'join':
        return { ...step, device, after: this.placeOf(device, step.room, step.from) };
      case 'leave':
      case 'type':
        return { do: step.do, who: step.who, device, room: step.room };
      case 'chatter': {
        const posts = Array.from({ length: CHATTER }, () => this.post(undefined));
        return { do: 'say', who: step.who, device, room: step.room, posts };
      }
      case 'say': {
        const draft = this.draft(step, this.around.roomOf(device, step.room));
        return { do: step.do, who: step.who, device, ...draft };
      }
      case 'connect':
      case 'logOut':
        return undefined;
    }
  }

  /** Another one of theirs when the one that is meant is not open: a step that does nothing finds nothing. */
  private openDeviceOf(who: Name, meant: DeviceName): DeviceId | undefined {
    const names: DeviceName[] = [meant, 'phone', 'laptop', 'tablet'];
    return names.map((name): DeviceId => `${who}.${name}`).find((device) => this.around.isOpen(device));
  }

  private placeOf(device: DeviceId, room: RoomName, from: string): number | undefined {
    if (from === 'nothing') return undefined;
    if (from === 'seen') return this.around.seen(device, room);
    return from === 'start' ? 0 : this.around.headOf(room) + 1_000;
  }

  /** A retry goes to the room where the message went; on another room socket it is a new message there. */
  private draft(
    { who, id }: { who: Name; id: MessageId },
    room: RoomName,
  ): { room: RoomName; posts: [Post] } {
    const retried = this.newest.get(who);
    if (id === 'again' && retried) return { room: retried.room, posts: [this.post(retried.clientMsgId)] };
    if (id === 'none') return { room, posts: [this.post(undefined)] };
    const borrowed = id === 'borrowed' ? this.newestOfAll : undefined;
    const clientMsgId = borrowed ?? `id ${this.texts + 1}`;
    this.newest.set(who, { room, clientMsgId });
    this.newestOfAll = clientMsgId;
    return { room, posts: [this.post(clientMsgId)] };
  }

  private post(clientMsgId: string | undefined): Post {
    this.texts += 1;
    return { text: `text ${this.texts}`, clientMsgId };
  }
}
