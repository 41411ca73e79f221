import type { Random } from './random.js';

/** Everything that is decided before the first socket opens. Rooms are named by their place in the list. */
export interface Plan {
  readonly rooms: number;
  readonly loudRoom: number;
  readonly people: readonly PersonPlan[];
}

export interface PersonPlan {
  readonly name: string;
  readonly rooms: readonly number[];
  readonly devices: readonly DevicePlan[];
  /** Leaves rooms and comes back, of themselves or because the owner sends them away. */
  readonly roams: boolean;
}

type Door = 'auth' | 'room';

export interface DevicePlan {
  readonly name: string;
  readonly door: Door;
  readonly rooms: readonly number[];
  /** Messages that may wait for their answer at once. */
  readonly window: number;
  /** Mean milliseconds between two messages. */
  readonly pause: number;
  /** Part of the attempts that go over REST. */
  readonly overRest: number;
  /** Part of the reconnects after which the device remembers nothing, like a page that was loaded anew. */
  readonly forgets: number;
}

const ROOMS = 4;
/**
 * One more room, for two people only: it is flooded to find out what happens to who does not read, and with
 * a dozen listeners that would measure this program and not the server.
 */
const LOUD_PEOPLE = 2;
/** Milliseconds. A person writes rarely, a bot does not: together some hundred messages a second. */
const PAUSES = [40, 80, 150, 300];

export function planOf(random: Random, clients: number): Plan {
  const rooms = Array.from({ length: ROOMS }, (_, index) => index);
  return {
    rooms: ROOMS + 1,
    loudRoom: ROOMS,
    people: Array.from({ length: clients }, (_, index) =>
      person(random.fork(`person ${index}`), index, rooms),
    ),
  };
}

function person(random: Random, index: number, rooms: readonly number[]): PersonPlan {
  const name = `p${index + 1}`;
  // The first ones have every shape at least once, however few people there are.
  const mine = index === 0 ? rooms : random.shuffled(rooms).slice(0, random.integer(2, rooms.length));
  const count = index === 0 ? 3 : random.integer(1, 3);
  const devices = Array.from({ length: count }, (_, device): DevicePlan => {
    const door = index === 0 ? (device === 1 ? 'room' : 'auth') : random.pick<Door>(['auth', 'room']);
    return {
      name: `${name}.${device + 1}`,
      door,
      rooms: door === 'room' ? [random.pick(mine)] : random.shuffled(mine).slice(0, random.integer(2, 4)),
      window: random.chance(0.5) ? 1 : random.integer(2, 16),
      pause: random.pick(PAUSES),
      overRest: random.chance(0.3) ? 0.3 : 0.03,
      forgets: 0.05,
    };
  });
  const roams = index % 3 === 1;
  if (index >= LOUD_PEOPLE) return { name, rooms: mine, devices, roams };
  return { name, rooms: [...mine, ROOMS], devices: [...devices, ...loudDevices(name, count)], roams };
}

/** One through each door. */
function loudDevices(name: string, others: number): DevicePlan[] {
  return (['room', 'auth'] as const).map((door, index) => ({
    name: `${name}.${others + index + 1}`,
    door,
    rooms: [ROOMS],
    window: 16,
    pause: 400,
    overRest: 0.02,
    forgets: 0.05,
  }));
}

const ALPHABETS = [
  'abcdefghijklmnopqrstuvwxyz ABCDEFGHIJ 0123456789 .,!?',
  'äöüßéèñçøåšžłđ ŷőű',
  'абвгдежзийклмнопрст ΑΒΓΔαβγδ',
  '漢字仮名交じり文の例文です。',
  '🙂🚀👩🏽‍💻🇩🇪👨‍👩‍👧‍👦✨🫠',
  // Not in a normal form: U+212B, letters with combining marks, Hangul in pieces.
  'e\u0301a\u0308o\u0302\u212b\u1112\u1161\u11ab',
  'אבגדה العربية \u202e\u200f\u200d\u2028\u2029',
  '\u0001\u001f\t\n\r"\\/<>&\'`{}[]\u007f\ufeff\ufffd\u0301\u0308',
].map((alphabet) => [...alphabet]);
const ASCII = ALPHABETS[0] ?? [];

/** From one character to about three thousand. Code points only, so no surrogate stands alone. */
export function contentOf(random: Random): string {
  const kind = random.next();
  if (kind < 0.1) return random.pick(ALPHABETS.flat());
  const alphabet = random.chance(0.5) ? ASCII : random.pick(ALPHABETS);
  if (kind < 0.75) return textOf(random, alphabet, random.integer(2, 80));
  if (kind < 0.95) return textOf(random, alphabet, random.integer(80, 800));
  return textOf(random, alphabet, random.integer(800, 3000));
}

const LARGE = '🙂'.repeat(3_900);

/** What fills the buffers of somebody who does not read: nearly 16 KB. */
export function largeContent(number: number): string {
  return `${number} ${LARGE}`;
}

function textOf(random: Random, alphabet: readonly string[], length: number): string {
  return Array.from({ length }, () => random.pick(alphabet)).join('');
}
