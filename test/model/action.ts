import { DEVICES, PEOPLE, type DeviceName, type Name, type OwnerVerb, type RoomName } from './steps.js';

/** A device of a person, such as `bob.phone`. */
export type DeviceId = `${Name}.${DeviceName}`;
export type SessionId = `${Name}.${'home' | 'away'}`;

export interface Post {
  readonly text: string;
  readonly clientMsgId: string | undefined;
}

/** A step with everything filled in that depends on what was before: the same for the model and the server. */
export type Action =
  | { do: 'connect'; who: Name; device: DeviceId; to: RoomName | 'auth'; after: number | undefined }
  | { do: 'cut' | 'close'; who: Name; device: DeviceId }
  | { do: 'join'; who: Name; device: DeviceId; room: RoomName; after: number | undefined }
  | { do: 'leave' | 'type'; who: Name; device: DeviceId; room: RoomName }
  | { do: 'say'; who: Name; device: DeviceId; room: RoomName; posts: Post[] }
  | { do: 'restSay'; who: Name; room: RoomName; posts: [Post] }
  | { do: 'restJoin' | 'restLeave'; who: Name; room: RoomName }
  | { do: OwnerVerb; who: Name; room: RoomName; whom: Name }
  | { do: 'logOut'; who: Name; session: SessionId };

/** What a device receives, in words: one line for a frame, a message in a page of history the same as a live one. */
export interface Line {
  /** Nothing for what is about no room. */
  readonly room: RoomName | '';
  readonly text: string;
}

export const DEVICE_IDS: readonly DeviceId[] = PEOPLE.flatMap((who) =>
  DEVICES.map((name): DeviceId => `${who}.${name}`),
);

export function personOf(device: DeviceId): Name {
  if (device.startsWith('ada.')) return 'ada';
  return device.startsWith('bob.') ? 'bob' : 'cleo';
}

export function sessionOf(device: DeviceId): SessionId {
  return `${personOf(device)}.${device.endsWith('.tablet') ? 'away' : 'home'}`;
}

export interface Entry {
  readonly seq: number;
  readonly who: Name;
  readonly text: string;
  readonly clientMsgId: string | undefined;
}

/** A message as this reader sees it: only its author is shown the `client_msg_id`. */
export function messageLine({ seq, who, text, clientMsgId }: Entry, reader: Name): string {
  const own = who === reader && clientMsgId !== undefined ? ` (${clientMsgId})` : '';
  return `message ${seq} of ${who}: ${text}${own}`;
}
