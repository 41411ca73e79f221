import { describe, expect, it } from '@jest/globals';
import type { Entry, FrameEnvelope } from '../../src/connections/broker/envelope.js';
import { HeldFrames } from '../../src/connections/held-frames.js';

const KIB = 1024;
const holder = () => ({ heldBytes: 0, droppedFrames: 0 });
const envelope = (size: number, more: Partial<FrameEnvelope> = {}): FrameEnvelope => ({
  kind: 'frame',
  topic: 'room:1',
  frame: Buffer.alloc(size),
  ...more,
});
const message = (seq: number, size = 100): Entry => ({ seq, frame: Buffer.alloc(size) });
const presence = () => envelope(50);
const typing = () => envelope(50, { ephemeral: true });

describe('Frames that are held back', () => {
  it('come out in the order in which they came, and cost nothing after', () => {
    const owner = holder();
    const held = new HeldFrames(owner);
    const frames = [message(1), presence(), message(2)];

    held.begin();
    frames.forEach((frame) => held.offer(frame));

    expect(owner.heldBytes).toBe(250);
    expect(held.take()).toEqual(frames);
    expect(owner).toEqual({ heldBytes: 0, droppedFrames: 0 });
  });

  it('are messages only while a page is read: at any other time the next page has them', () => {
    const held = new HeldFrames(holder());
    const joined = presence();

    held.offer(message(1));
    held.begin();
    held.offer(message(2));
    held.offer(joined);
    held.wait();
    held.offer(message(3));

    expect(held.overflowed).toBe(false);
    expect(held.take()).toEqual([joined]);
  });

  it('are never typing and the like, which would be out of date', () => {
    const owner = holder();
    const held = new HeldFrames(owner);

    held.begin();
    held.offer(typing());

    expect(held.take()).toEqual([]);
    expect(owner.droppedFrames).toBe(0);
  });

  it('are not more than 256: messages are then read again, the rest is dropped and counted', () => {
    const owner = holder();
    const held = new HeldFrames(owner);
    held.begin();

    for (let seq = 1; seq <= 300; seq += 1) held.offer(message(seq, 10));
    expect(held.overflowed).toBe(true);
    expect(owner.heldBytes).toBe(0);
    for (let count = 0; count < 300; count += 1) held.offer(presence());

    expect(owner.droppedFrames).toBe(300 - 256);
    expect(held.take()).toHaveLength(256);
    held.begin();
    expect(held.overflowed).toBe(false);
  });

  it('of all subscriptions of a connection share 256 KiB', () => {
    const owner = holder();
    const [one, other] = [new HeldFrames(owner), new HeldFrames(owner)];
    for (const held of [one, other]) held.begin();

    for (let seq = 1; seq <= 4; seq += 1) one.offer(message(seq, 60 * KIB));
    other.offer(message(1, 60 * KIB));

    expect(one.overflowed).toBe(false);
    expect(other.overflowed).toBe(true);
    expect(owner.heldBytes).toBe(240 * KIB);
    one.clear();
    expect(owner.heldBytes).toBe(0);
  });
});
