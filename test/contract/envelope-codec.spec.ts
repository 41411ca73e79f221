import { describe, expect, it } from '@jest/globals';
import { decodeParcel, encodeParcel } from '../../src/connections/broker/envelope-codec.parser.js';
import { entriesEnvelope, type Envelope } from '../../src/connections/broker/envelope.js';

const frame = Buffer.from('{"type":"message","content":"ünïcödé 😀"}');
const own = { userId: 7, frame: Buffer.from('{"client_msg_id":"x"}') };
const topic = 'room:1';
const ENVELOPES: [string, Envelope][] = [
  ['a frame', { kind: 'frame', topic, frame, ephemeral: false }],
  ['a frame that may be dropped', { kind: 'frame', topic, frame, ephemeral: true, exceptUser: 3 }],
  ['an entry', entriesEnvelope(topic, [{ seq: 5, frame }])],
  [
    'entries, of which some have another copy',
    entriesEnvelope(topic, [
      { seq: 5, frame },
      { seq: 6, frame: Buffer.from('x'), own },
      { seq: 7, frame: Buffer.alloc(0), own: { userId: 8, frame } },
    ]),
  ],
  ['the end of a membership', { kind: 'drop', topic, userId: 7, from: 'room:2', farewell: frame }],
  ['a mute', { kind: 'silence', topic, userId: 7, where: 'room:2', until: 1_795_000_000_000, notice: frame }],
  [
    'a mute without an end',
    { kind: 'silence', topic, userId: 7, where: 'x', until: Infinity, notice: frame },
  ],
  ['a question', { kind: 'question', topic, id: 'q', answerTo: 'node:a', body: frame }],
  ['an answer', { kind: 'answer', topic, id: 'q', body: Buffer.alloc(0) }],
  [
    'what users have spent',
    {
      kind: 'spending',
      topic,
      node: 'a',
      budget: 'messages',
      spent: [
        [7, 3],
        [8, 1],
      ],
    },
  ],
  ['a beat', { kind: 'beat', topic, node: 'near', state: 's' }],
  ['the end of sessions', { kind: 'disconnect', topic, userId: 7, sessionIds: ['a', 'b'] }],
];

describe('An envelope', () => {
  it.each(ENVELOPES)('arrives as it was: %s', (_, envelope) => {
    for (const isDelivered of [false, true]) {
      const parcel = { from: 'a node', isDelivered, envelope };
      expect(decodeParcel(topic, encodeParcel(parcel))).toEqual(parcel);
    }
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['cut short', (bytes) => bytes.subarray(0, bytes.length - 1)],
    [
      'of another version',
      (bytes) => Buffer.from(bytes.toString('latin1').replace('"v":1', '"v":2'), 'latin1'),
    ],
    [
      'of another kind',
      (bytes) => Buffer.from(bytes.toString('latin1').replace('entries', 'entrees'), 'latin1'),
    ],
    ['nothing', () => Buffer.alloc(0)],
    ['something else', () => Buffer.from('hello')],
  ])('that is %s is no envelope', (_, spoil) => {
    const bytes = encodeParcel({
      from: 'a',
      isDelivered: false,
      envelope: entriesEnvelope(topic, [{ seq: 5, frame }]),
    });
    expect(() => decodeParcel(topic, spoil(bytes))).toThrow();
  });
});
