import { describe, expect, it } from '@jest/globals';
import { claimsOf, forge } from '../support/forged-tokens.js';
import { handshake } from '../support/handshake.js';
import { expectProblem } from '../support/problems.js';
import { runServer } from '../support/test-server.js';
import { SECRET_KEY } from '../support/test-settings.js';

const server = runServer();
const now = () => Math.floor(Date.now() / 1000);

/** Each takes a good token and makes a bad one of it. */
const FORGERIES: [string, (token: string) => string, string?][] = [
  ['nonsense', () => 'nonsense'],
  ['empty parts', () => '..'],
  ['without a signature', (token) => token.replace(/[^.]*$/, '')],
  ['with an edited payload', (token) => editPayload(token, { edited: true })],
  ['with a fourth part', (token) => `${token}.x`],
  ['alg none', (token) => forge(claimsOf(token), SECRET_KEY, { alg: 'none' }).replace(/[^.]*$/, '')],
  ['alg nOnE', (token) => forge(claimsOf(token), SECRET_KEY, { alg: 'nOnE' }).replace(/[^.]*$/, '')],
  ['another key', (token) => forge(claimsOf(token), 'another key that is long enough for HMAC')],
  ['another algorithm', (token) => forge(claimsOf(token), SECRET_KEY, { alg: 'HS512' }, 'sha512')],
  [
    'expired an hour ago',
    (token) => forge({ ...claimsOf(token), exp: now() - 3600 }, SECRET_KEY),
    'token_expired',
  ],
  [
    'expired a second ago',
    (token) => forge({ ...claimsOf(token), exp: now() - 1 }, SECRET_KEY),
    'token_expired',
  ],
  ['not yet valid', (token) => forge({ ...claimsOf(token), nbf: now() + 3600 }, SECRET_KEY)],
  ['RS256 over the key of HS256', (token) => forge(claimsOf(token), SECRET_KEY, { alg: 'RS256' })],
  ['of another issuer', (token) => forge({ ...claimsOf(token), iss: 'somebody' }, SECRET_KEY)],
  ['for another audience', (token) => forge({ ...claimsOf(token), aud: 'somebody' }, SECRET_KEY)],
  ['with an end after all time', (token) => forge({ ...claimsOf(token), exp: 1e30 }, SECRET_KEY)],
  ['without an end', (token) => forge({ ...claimsOf(token), exp: undefined }, SECRET_KEY)],
  ['with an end in words', (token) => forge({ ...claimsOf(token), exp: 'tomorrow' }, SECRET_KEY)],
  ['of nobody', (token) => forge({ ...claimsOf(token), sub: '999999' }, SECRET_KEY)],
  ['of a missing user', (token) => forge({ ...claimsOf(token), sub: undefined }, SECRET_KEY)],
  ['with a list for a user', (token) => forge({ ...claimsOf(token), sub: ['1'] }, SECRET_KEY)],
];

describe.each(FORGERIES)('A token %s', (_, spoil, code = 'not_authenticated') => {
  it('opens neither REST nor a socket: 401 and how to authenticate', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const token = spoil(ada.token);

    const answer = await server.rest.get('/api/users/me/', { token });
    expectProblem(answer, 401, code);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);

    for (const path of ['/ws/auth', `/ws/room/${room.id}`]) {
      const refusal = await handshake(`${server.socketUrl}${path}?token=${encodeURIComponent(token)}`);
      expect(refusal).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': expect.stringMatching(/^Bearer/) },
      });
      expect(JSON.parse(refusal.text)).toMatchObject({ status: 401, code });
    }
  });
});

describe('A good token', () => {
  it('says who, until when, and nothing private', async () => {
    const ada = await server.person('ada');

    const claims = claimsOf(ada.token);

    expect(claims).toMatchObject({ exp: expect.any(Number) });
    expect(JSON.stringify(claims)).not.toContain('@');
    expect(JSON.stringify(claims)).not.toMatch(/password|hash/);
  });

  it('is not searched for under its header parameters', async () => {
    const ada = await server.person('ada');
    const token = forge(claimsOf(ada.token), 'guessed key that is long enough for HMAC', {
      kid: '../../dev/null',
    });

    expectProblem(await server.rest.get('/api/users/me/', { token }), 401, 'not_authenticated');
  });
});

function editPayload(token: string, claims: Record<string, unknown>): string {
  const [header, , signature] = token.split('.');
  const payload = Buffer.from(JSON.stringify({ ...claimsOf(token), ...claims })).toString('base64url');
  return [header, payload, signature].join('.');
}
