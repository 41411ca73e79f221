import fc from 'fast-check';

/** Who takes part. `ada` owns the lobby and the den, `bob` the attic; the den is private. */
export const PEOPLE = ['ada', 'bob', 'cleo'] as const;
export const ROOMS = ['lobby', 'attic', 'den'] as const;
/** The tablet has a session of its own; phone and laptop share one. */
export const DEVICES = ['phone', 'laptop', 'tablet'] as const;

export type Name = (typeof PEOPLE)[number];
export type RoomName = (typeof ROOMS)[number];
export type DeviceName = (typeof DEVICES)[number];

export const OWNERS: Readonly<Record<RoomName, Name>> = { lobby: 'ada', attic: 'bob', den: 'ada' };
export const PRIVATE_ROOM: RoomName = 'den';
/** Messages of one `chatter`: more than one page of history, and more than the newest 50. */
export const CHATTER = 110;

/** Where a client that comes back wants to go on: `beyond` is a place that the log never reached. */
type From = 'nothing' | 'seen' | 'start' | 'beyond';
/**
 * Whether a message has a `client_msg_id`: `again` makes it a retry of the newest that this person has sent,
 * `borrowed` is the newest of anybody, which is no retry for somebody else, nor in another room.
 */
export type MessageId = 'none' | 'new' | 'again' | 'borrowed';
export type OwnerVerb = 'kick' | 'ban' | 'unban' | 'add';

/** What is generated: plain data, so that a failure can be read, and pasted back as an example. */
export type Step =
  | { do: 'connect'; who: Name; device: DeviceName; to: RoomName | 'auth'; from: From }
  | { do: 'cut' | 'close'; who: Name; device: DeviceName }
  | { do: 'join'; who: Name; device: DeviceName; room: RoomName; from: From }
  | { do: 'leave' | 'type' | 'chatter'; who: Name; device: DeviceName; room: RoomName }
  | { do: 'say'; who: Name; device: DeviceName; room: RoomName; id: MessageId }
  | { do: 'restSay'; who: Name; room: RoomName; id: MessageId }
  | { do: 'restJoin' | 'restLeave'; who: Name; room: RoomName }
  | { do: OwnerVerb; who: Name; room: RoomName; whom: Name }
  | { do: 'logOut'; who: Name; device: DeviceName };

/** Steps that start in one turn, on different sockets. */
export interface Together {
  do: 'together';
  steps: Step[];
}

const who = fc.constantFrom(...PEOPLE);
const device = fc.constantFrom(...DEVICES);
/** Mostly the one where most of them are. */
const room = fc.constantFrom<RoomName[]>('lobby', 'lobby', 'attic', 'den');
const from = fc.constantFrom<From[]>('nothing', 'seen', 'seen', 'start', 'start', 'beyond');
const id = fc.constantFrom<MessageId[]>('none', 'new', 'new', 'again', 'again', 'borrowed');
const just = <const Value>(value: Value) => fc.constant(value);

/** Mostly by the owner: the others are refused, which is soon tested enough. */
const byOwner = (verb: OwnerVerb) =>
  fc
    .record({ room, whom: who, usurper: fc.option(who, { freq: 4 }) })
    .map(({ usurper, ...act }): Step => ({ do: verb, who: usurper ?? OWNERS[act.room], ...act }));

const MODEST: fc.WeightedArbitrary<Step>[] = [
  {
    weight: 6,
    arbitrary: fc.record({
      do: just('connect'),
      who,
      device,
      to: fc.constantFrom('auth', 'auth', 'lobby', ...ROOMS),
      from,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: just('cut'), who, device }) },
  { weight: 1, arbitrary: fc.record({ do: just('close'), who, device }) },
  { weight: 6, arbitrary: fc.record({ do: just('join'), who, device, room, from }) },
  { weight: 3, arbitrary: fc.record({ do: just('leave'), who, device, room }) },
  { weight: 5, arbitrary: fc.record({ do: just('say'), who, device, room, id }) },
  { weight: 2, arbitrary: fc.record({ do: just('restSay'), who, room, id }) },
  { weight: 2, arbitrary: fc.record({ do: just('type'), who, device, room }) },
  { weight: 2, arbitrary: fc.record({ do: just('restJoin'), who, room }) },
  { weight: 2, arbitrary: fc.record({ do: just('restLeave'), who, room }) },
  { weight: 2, arbitrary: byOwner('kick') },
  { weight: 2, arbitrary: byOwner('ban') },
  { weight: 1, arbitrary: byOwner('unban') },
  { weight: 1, arbitrary: byOwner('add') },
  { weight: 1, arbitrary: fc.record({ do: just('logOut'), who, device }) },
];

const oneStep = fc.oneof(...MODEST, {
  weight: 1,
  arbitrary: fc.record({ do: just('chatter'), who, device, room }),
});
/** The same step, by or against this person, in this room. */
function focusOn(step: Step, who: Name, room: RoomName): Step {
  if (step.do === 'connect') return { ...step, who, to: step.to === 'auth' ? 'auth' : room };
  if ('whom' in step) return { ...step, who: OWNERS[room], room, whom: who };
  return 'room' in step ? { ...step, who, room } : { ...step, who };
}

/** The same once more, from another device; a message with its `client_msg_id`. */
function twinOf(step: Step): Step {
  if (step.do === 'restSay') return { ...step, id: 'again' };
  if (!('device' in step)) return step;
  const device: DeviceName = step.device === 'laptop' ? 'phone' : 'laptop';
  return step.do === 'say' ? { ...step, device, id: 'again' } : { ...step, device };
}

/** Mostly about one person in one room: what has nothing to do with each other does not cross. */
const burst = fc
  .record({
    steps: fc.array(fc.oneof(...MODEST), { minLength: 2, maxLength: 3 }),
    focus: fc.option(fc.record({ who, room }), { freq: 3 }),
    isTwice: fc.boolean(),
  })
  .map(({ steps: [first, ...rest], focus, isTwice }): Together => {
    const twice = first && isTwice ? [twinOf(first), ...rest.slice(1)] : rest;
    const steps = first ? [first, ...twice] : twice;
    return {
      do: 'together',
      steps: focus ? steps.map((step) => focusOn(step, focus.who, focus.room)) : steps,
    };
  });

/** One step after the other. */
export const quietLives: fc.Arbitrary<Step[]> = fc.array(oneStep, {
  minLength: 1,
  maxLength: 30,
  size: 'max',
});

/** Several steps at once between them. */
export const busyLives: fc.Arbitrary<(Step | Together)[]> = fc.array(
  fc.oneof({ weight: 2, arbitrary: burst }, { weight: 1, arbitrary: oneStep }),
  { minLength: 1, maxLength: 20, size: 'max' },
);

/** How every life begins: there is somebody to hear the first step. */
export const PROLOGUE: readonly Step[] = [
  { do: 'restJoin', who: 'bob', room: 'lobby' },
  { do: 'restJoin', who: 'cleo', room: 'lobby' },
  { do: 'restJoin', who: 'ada', room: 'attic' },
  { do: 'add', who: 'ada', room: 'den', whom: 'bob' },
  { do: 'connect', who: 'ada', device: 'phone', to: 'auth', from: 'nothing' },
  { do: 'connect', who: 'bob', device: 'phone', to: 'auth', from: 'nothing' },
  { do: 'connect', who: 'bob', device: 'laptop', to: 'lobby', from: 'nothing' },
  { do: 'connect', who: 'cleo', device: 'tablet', to: 'auth', from: 'nothing' },
  { do: 'join', who: 'ada', device: 'phone', room: 'lobby', from: 'nothing' },
  { do: 'join', who: 'ada', device: 'phone', room: 'attic', from: 'nothing' },
  { do: 'join', who: 'bob', device: 'phone', room: 'lobby', from: 'nothing' },
  { do: 'join', who: 'cleo', device: 'tablet', room: 'lobby', from: 'nothing' },
];
