import type { EncodedFrame } from '../../protocol/encode-frame.js';
import type { Topic } from '../topics.js';
import type { Entry, Envelope } from './envelope.js';

/** An envelope as it travels, and from where. */
export interface Parcel {
  /** Which node has published it. */
  readonly from: string;
  /** It was handed to the subscribers of its own node already. */
  readonly isDelivered: boolean;
  readonly envelope: Envelope;
}

/** Another number when nodes of before could not read it: they then read the log instead. */
const VERSION = 1;
const HEADER_LENGTH_BYTES = 4;

/** Everything but the frames and bodies, as JSON. The names are short: they travel with every message. */
type Header = { readonly v: number; readonly n: string; readonly d?: 1 } & (
  | { readonly k: 'frame'; readonly x?: number; readonly e?: 1 }
  /** The first place, the length of each frame, and for some of them whose own frame has which length. */
  | {
      readonly k: 'entries';
      readonly s: number;
      readonly l: number[];
      readonly o?: [number, number, number][];
    }
  | { readonly k: 'drop'; readonly u: number; readonly f: Topic }
  /** Without a time there is no end. */
  | { readonly k: 'silence'; readonly u: number; readonly w: Topic; readonly t?: number }
  | { readonly k: 'disconnect'; readonly u: number; readonly i: string[] }
  | { readonly k: 'question'; readonly q: string; readonly a: Topic }
  | { readonly k: 'answer'; readonly q: string }
  | { readonly k: 'spending'; readonly f: string; readonly b: string; readonly p: [number, number][] }
  | { readonly k: 'beat'; readonly b: string; readonly s: string }
);

/** The length of the header in four bytes, the header, and the frames one after the other: they are encoded already. */
export function encodeParcel({ from, isDelivered, envelope }: Parcel): Buffer {
  const { facts, frames } = split(envelope);
  const header = Buffer.from(JSON.stringify({ v: VERSION, n: from, ...(isDelivered && { d: 1 }), ...facts }));
  const length = Buffer.allocUnsafe(HEADER_LENGTH_BYTES);
  length.writeUInt32BE(header.length);
  return Buffer.concat([length, header, ...frames]);
}

function split(envelope: Envelope): { facts: object; frames: readonly EncodedFrame[] } {
  switch (envelope.kind) {
    case 'frame': {
      const { exceptUser, ephemeral, frame } = envelope;
      const facts = { k: 'frame', x: exceptUser, ...(ephemeral === true && { e: 1 }) };
      return { facts, frames: [frame] };
    }
    case 'entries': {
      const { entries, joined } = envelope;
      const own = entries.flatMap((entry, index) => (entry.own ? [{ index, ...entry.own }] : []));
      const facts = {
        k: 'entries',
        s: entries[0]?.seq ?? 0,
        l: entries.map(({ frame }) => frame.length),
        ...(own.length > 0 && { o: own.map(({ index, userId, frame }) => [index, userId, frame.length]) }),
      };
      return { facts, frames: [joined, ...own.map(({ frame }) => frame)] };
    }
    case 'drop':
      return { facts: { k: 'drop', u: envelope.userId, f: envelope.from }, frames: [envelope.farewell] };
    case 'silence': {
      const { userId, where, until, notice } = envelope;
      const end = Number.isFinite(until) ? { t: until } : {};
      return { facts: { k: 'silence', u: userId, w: where, ...end }, frames: [notice] };
    }
    case 'disconnect':
      return { facts: { k: 'disconnect', u: envelope.userId, i: envelope.sessionIds }, frames: [] };
    case 'question':
      return { facts: { k: 'question', q: envelope.id, a: envelope.answerTo }, frames: [envelope.body] };
    case 'answer':
      return { facts: { k: 'answer', q: envelope.id }, frames: [envelope.body] };
    case 'spending':
      return {
        facts: { k: 'spending', f: envelope.node, b: envelope.budget, p: envelope.spent },
        frames: [],
      };
    case 'beat':
      return { facts: { k: 'beat', b: envelope.node, s: envelope.state }, frames: [] };
  }
}

/** @throws Error when it is of another version, or no parcel at all */
export function decodeParcel(topic: Topic, bytes: Buffer): Parcel {
  const start = HEADER_LENGTH_BYTES + bytes.readUInt32BE(0);
  const header = JSON.parse(bytes.toString('utf8', HEADER_LENGTH_BYTES, start)) as Header;
  if (header.v !== VERSION) throw new Error(`An envelope of version ${header.v} cannot be read.`);
  return {
    from: header.n,
    isDelivered: header.d === 1,
    envelope: join(topic, header, bytes.subarray(start)),
  };
}

function join(topic: Topic, header: Header, frames: Buffer): Envelope {
  switch (header.k) {
    case 'frame': {
      const except = header.x === undefined ? {} : { exceptUser: header.x };
      return { kind: 'frame', topic, frame: frames, ephemeral: header.e === 1, ...except };
    }
    case 'entries':
      return joinEntries(topic, header, frames);
    case 'drop':
      return { kind: 'drop', topic, userId: header.u, from: header.f, farewell: frames };
    case 'silence': {
      const { u: userId, w: where, t: until = Infinity } = header;
      return { kind: 'silence', topic, userId, where, until, notice: frames };
    }
    case 'disconnect':
      return { kind: 'disconnect', topic, userId: header.u, sessionIds: header.i };
    case 'question':
      return { kind: 'question', topic, id: header.q, answerTo: header.a, body: frames };
    case 'answer':
      return { kind: 'answer', topic, id: header.q, body: frames };
    case 'spending':
      return { kind: 'spending', topic, node: header.f, budget: header.b, spent: header.p };
    case 'beat':
      return { kind: 'beat', topic, node: header.b, state: header.s };
    default:
      throw new Error('An envelope of a kind that nobody knows.');
  }
}

function joinEntries(topic: Topic, header: Header & { k: 'entries' }, frames: Buffer): Envelope {
  let place = 0;
  const next = (length: number): Buffer => frames.subarray(place, (place += length));
  const all = header.l.map((length, index) => ({ seq: header.s + index, frame: next(length) }));
  const joined = frames.subarray(0, place);
  const own = new Map<number, NonNullable<Entry['own']>>();
  for (const [index, userId, length] of header.o ?? []) own.set(index, { userId, frame: next(length) });
  if (all.length === 0 || place !== frames.length) throw new Error('An envelope without all of its frames.');
  const entries = all.map((entry, index) => {
    const copy = own.get(index);
    return copy ? { ...entry, own: copy } : entry;
  });
  return { kind: 'entries', topic, entries, joined };
}
