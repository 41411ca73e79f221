import { describe, expect, it } from '@jest/globals';
import { ProvedTokens } from '../../src/auth/proved-tokens.js';

const MAX_REMEMBERED = 5_000;
const lasting = { userId: 7, sessionId: 'a session', expiresAt: Infinity };

describe('Tokens that were proved', () => {
  it('are known by every character, and nothing else is', () => {
    const proved = new ProvedTokens();
    proved.remember('a.b.c', lasting);

    expect(proved.claimsOf('a.b.c')).toBe(lasting);
    for (const other of ['a.b.d', 'a.b.', 'a.b.cc', '']) expect(proved.claimsOf(other)).toBeUndefined();
  });

  it('are unknown from the moment in which they expire', () => {
    const proved = new ProvedTokens();
    proved.remember('ended', { ...lasting, expiresAt: Date.now() });
    proved.remember('lasts', { ...lasting, expiresAt: Date.now() + 60_000 });

    expect(proved.claimsOf('ended')).toBeUndefined();
    expect(proved.claimsOf('lasts')).toMatchObject({ userId: 7 });
  });

  it('are bounded: whichever was not seen for the longest time is forgotten first', () => {
    const proved = new ProvedTokens();
    for (let index = 0; index < MAX_REMEMBERED; index += 1) proved.remember(`token ${index}`, lasting);
    expect(proved.claimsOf('token 0')).toBe(lasting);

    proved.remember('one more', lasting);

    expect(proved.claimsOf('token 1')).toBeUndefined();
    for (const kept of ['token 0', 'token 2', 'one more']) expect(proved.claimsOf(kept)).toBe(lasting);
  });
});
