import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeMessage } from '../../src/messages/encode-message.js';
import { asFrame, type SignedMessage } from '../../src/messages/message-view.js';
import { encodeFrame, encodeText } from '../../src/protocol/encode-frame.js';

const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const time = fc.integer({ min: 0, max: 4_102_444_800_000 });
const text = fc.string({ unit: 'binary', maxLength: 300 });
const signed: fc.Arbitrary<SignedMessage> = fc.record({
  username: text,
  message: fc.record({
    id,
    seq: id,
    roomId: id,
    userId: id,
    content: text,
    clientMsgId: fc.option(text),
    replyTo: fc.option(id),
    createdAt: time,
    editedAt: fc.option(time),
  }),
});

describe('The bytes of a message', () => {
  it('are those of its frame, for its author and for everybody else', () => {
    fc.assert(
      fc.property(signed, (message) => {
        for (const readerId of [undefined, message.message.userId]) {
          expect(encodeMessage(message, readerId)).toEqual(encodeFrame(asFrame(message, readerId)));
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('The header of a frame', () => {
  /** RFC 6455, 5.2: FIN and text; then the length in 7 bits, in 16, or in 64. */
  it.each([
    [0, '8100'],
    [125, '817d'],
    [126, '817e007e'],
    [65_535, '817effff'],
    [65_536, '817f0000000000010000'],
  ])('tells a payload of %d bytes in as few bytes as may be', (length, header) => {
    const bytes = encodeText('x'.repeat(length));

    expect(bytes.toString('hex', 0, bytes.length - length)).toBe(header);
    expect(bytes.toString('latin1', bytes.length - length)).toBe('x'.repeat(length));
  });

  it('counts bytes, not characters', () => {
    expect(encodeText('\u{1F600}').toString('hex')).toBe('8104f09f9880');
  });
});
