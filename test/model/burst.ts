import { expect } from '@jest/globals';
import { DEVICE_IDS, messageLine, personOf, type Action, type DeviceId, type Line } from './action.js';
import { NEWEST, type ChatModel } from './chat-model.js';
import { PEOPLE, ROOMS, type Name, type RoomName } from './steps.js';
import { snapshotOf, type Snapshot } from './views.js';

/** What was done at once, and what came of it. */
export interface Burst {
  readonly actions: readonly Action[];
  /** One for each action. */
  readonly answers: readonly string[];
  readonly before: Snapshot;
  readonly after: Snapshot;
  readonly lines: ReadonlyMap<DeviceId, readonly Line[]>;
}

/** Without a second action on the same socket: the order of those is promised, and tested elsewhere. */
export function onDifferentSockets(actions: readonly Action[]): Action[] {
  const deviceOf = (action: Action) => ('device' in action ? action.device : undefined);
  return actions.filter((action, index) => {
    const device = deviceOf(action);
    return device === undefined || actions.findIndex((other) => deviceOf(other) === device) === index;
  });
}

/** The models after each order in which the actions can have happened. */
export function outcomesOf(model: ChatModel, actions: readonly Action[]): ChatModel[] {
  return permutations(actions).map((order) => {
    const outcome = model.copy();
    for (const action of order) outcome.apply(action);
    outcome.takeInboxes();
    return outcome;
  });
}

/** The one that came true. */
export function outcomeOf(candidates: readonly ChatModel[], after: Snapshot): ChatModel {
  const seen = fingerprint(after);
  const fingerprints = candidates.map(({ state }) => fingerprint(snapshotOf(state)));
  expect(fingerprints).toContainEqual(seen);
  const outcome = candidates[fingerprints.indexOf(seen)];
  if (!outcome) throw new Error('No order of the actions explains the outcome.');
  return outcome;
}

/** What each device was told is a possible story of what happened between before and after. */
export function expectStories(burst: Burst): void {
  for (const device of DEVICE_IDS) for (const room of ROOMS) expectStory(burst, device, room);
}

function expectStory(burst: Burst, device: DeviceId, room: RoomName): void {
  const { actions, answers, before, after, lines } = burst;
  const told = (lines.get(device) ?? []).filter((line) => line.room === room).map(({ text }) => text);
  const heard = told.filter((text) => text.startsWith('message '));
  const log = after.logs[room].map((entry) => messageLine(entry, personOf(device)));
  const story = (messages: readonly string[]) => ({ device, room, messages });
  const coming = actions.find(
    (action, index) =>
      'device' in action && action.device === device && isComing(action) && answers[index] === 'ok',
  );
  const isIn = after.devices[device]?.includes(room) ?? false;
  const wasIn = before.devices[device]?.includes(room) ?? false;
  if (isIn && wasIn && !(coming && concerns(coming, room))) {
    expect(story(heard)).toEqual(story(log.slice(before.logs[room].length)));
    for (const who of PEOPLE) expectPresence(burst, { device, room, told, who });
  } else if (isIn && coming && 'after' in coming) {
    const fresh = told.slice(told.findLastIndex((text) => text.startsWith('room_joined')) + 1);
    const messages = fresh.filter((text) => text.startsWith('message '));
    const start = log.length - messages.length;
    expect(story(messages)).toEqual(story(log.slice(start)));
    const head = before.logs[room].length;
    if (coming.after !== undefined && coming.after <= head) expect(start).toBe(coming.after);
    else expect(start).toBeLessThanOrEqual(Math.max(0, log.length - NEWEST));
  } else {
    // It left, or was closed, on the way: what it heard until then is of this room, in order, and once.
    const fresh = heard.filter((text, index) => heard.indexOf(text) === index);
    expect(story(heard)).toEqual(story(log.filter((text) => fresh.includes(text))));
  }
}

interface Witness {
  readonly device: DeviceId;
  readonly room: RoomName;
  readonly told: readonly string[];
  readonly who: Name;
}

/** Whoever listened all the time has heard of every coming and going, in the order of the memberships. */
function expectPresence({ actions, answers, before, after }: Burst, witness: Witness): void {
  const { device, room, told, who } = witness;
  const count = (frame: string) => told.filter((text) => text === `${frame} ${who}`).length;
  const moves = told.filter((text) => text === `user_joined ${who}` || text === `user_left ${who}`);
  const endings = [before.members[room].includes(who) ? 'user_joined' : 'user_left', ...moves];
  const expected = endings.map((_, index) =>
    (index % 2 === 0) === before.members[room].includes(who) ? 'user_joined' : 'user_left',
  );
  const verbs = endings.map((text) => text.replace(/ .*/, ''));
  const isMember = after.members[room].includes(who) ? 'user_joined' : 'user_left';
  expect({ device, room, who, verbs, last: isMember }).toEqual({
    device,
    room,
    who,
    verbs: expected,
    last: verbs.at(-1),
  });

  const done = (is: (action: Action) => boolean, ...wanted: string[]) =>
    actions.filter((action, index) => is(action) && wanted.includes(answers[index] ?? '')).length;
  const sent = done((action) => endsMembership(action, who, room), 'ok');
  const maybe = done((action) => mayEndMembership(action, who, room), 'ok', 'gone');
  expect(count('user_left')).toBeGreaterThanOrEqual(sent);
  expect(count('user_left')).toBeLessThanOrEqual(sent + maybe);

  const isTyping = (action: Action) => action.do === 'type' && action.who === who;
  const inRoom = (action: Action) => isTyping(action) && typesIn(action, before) === room;
  const typed = personOf(device) === who ? 0 : done(inRoom, 'ok');
  expect({ device, who, typed: count('user_typing') }).toEqual({ device, who, typed });

  const listeners = (snapshot: Snapshot) =>
    DEVICE_IDS.filter((id) => personOf(id) === who && snapshot.devices[id]?.includes(room));
  const gone = count('user_disconnected');
  if (listeners(before).length > 0 && listeners(after).length === 0 && moves.length === 0) {
    expect({ device, room, who, isTold: gone > 0 }).toEqual({ device, room, who, isTold: true });
  }
  const hasActed = (id: DeviceId) =>
    actions.some((action) => 'device' in action && action.device === id && isComing(action));
  const stays = listeners(before).some((id) => listeners(after).includes(id) && !hasActed(id));
  if (stays) expect({ device, room, who, gone }).toEqual({ device, room, who, gone: 0 });
  expect(gone).toBeLessThanOrEqual(actions.length);
}

function isComing(action: Action): boolean {
  return action.do === 'connect' || action.do === 'join';
}

function concerns(action: Action, room: RoomName): boolean {
  return action.do === 'connect' || ('room' in action && action.room === room);
}

function endsMembership(action: Action, who: Name, room: RoomName): boolean {
  if (!('room' in action) || action.room !== room) return false;
  if (action.do === 'kick') return action.whom === who;
  return (action.do === 'leave' || action.do === 'restLeave') && action.who === who;
}

/** A ban of somebody who is no member ends nothing; a socket that closes does not say whether it has left. */
function mayEndMembership(action: Action, who: Name, room: RoomName): boolean {
  if (action.do === 'ban') return action.room === room && action.whom === who;
  return action.do === 'leave' && endsMembership(action, who, room);
}

/** On a room socket one types in its room, whatever the frame says; that hears nothing else. */
function typesIn(action: Action, before: Snapshot): RoomName | undefined {
  return 'device' in action && 'room' in action ? (before.bound[action.device] ?? action.room) : undefined;
}

function fingerprint({ members, banned, logs, devices }: Snapshot): string {
  const open = Object.entries(devices).sort(([one], [other]) => one.localeCompare(other));
  return JSON.stringify({ members, banned, devices: open, logs });
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) =>
    permutations(items.filter((_, other) => other !== index)).map((rest) => [item, ...rest]),
  );
}
