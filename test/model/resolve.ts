import { sessionOf, type Action, type DeviceId, type Post } from './action.js';
import { CHATTER, type DeviceName, type Name, type RoomName, type Step } from './steps.js';

/** What the devices know of the rooms, and which of them are open. */
export interface Surroundings {
  isOpen(device: DeviceId): boolean;
  /** The newest place of the room that the device has seen, also on earlier sockets. */
  seen(device: DeviceId, room: RoomName): number | undefined;
  headOf(room: RoomName): number;
}

/** Fills in what a step leaves open. The same steps in the same surroundings become the same actions. */
export class Resolver {
  private texts = 0;
  private readonly newestIds = new Map<string, string>();

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
        return { ...step, posts: [this.post(step)] };
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
        const posts = Array.from({ length: CHATTER }, () => this.post({ ...step, id: 'none' }));
        return { do: 'say', who: step.who, device, room: step.room, posts };
      }
      case 'say':
        return { ...step, device, posts: [this.post(step)] };
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

  private post({ who, room, id }: { who: Name; room: RoomName; id: string }): Post {
    this.texts += 1;
    const text = `text ${this.texts}`;
    const key = `${who} ${room}`;
    const newest = this.newestIds.get(key);
    if (id === 'none' || (id === 'again' && newest === undefined)) return { text, clientMsgId: undefined };
    const clientMsgId = id === 'again' && newest !== undefined ? newest : `id ${this.texts}`;
    this.newestIds.set(key, clientMsgId);
    return { text, clientMsgId };
  }
}
