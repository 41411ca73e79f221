import { createCipheriv, createHash, randomBytes } from 'node:crypto';
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
  ['HS512 instead of HS256', (token) => forge(claimsOf(token), SECRET_KEY, { alg: 'HS512' }, 'sha512')],
  ['HS384 instead of HS256', (token) => forge(claimsOf(token), SECRET_KEY, { alg: 'HS384' }, 'sha384')],
  ['encrypted (RFC 7516)', encrypt],
  ['of another type', (token) => forge(claimsOf(token), SECRET_KEY, { typ: 'refresh+jwt' })],
  ['with a number for a type', (token) => forge(claimsOf(token), SECRET_KEY, { typ: 1 })],
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

  it('may have been issued by a clock that was ahead: iat is no rule (RFC 7519, 4.1.6)', async () => {
    const ada = await server.person('ada');
    const token = forge({ ...claimsOf(ada.token), iat: now() + 86_400 }, SECRET_KEY);

    expect(await server.rest.get('/api/users/me/', { token })).toMatchObject({ status: 200 });
  });

  it('with keys of the prototype for claims changes nothing but itself', async () => {
    const ada = await server.person('ada');
    const polluted = { polluted: 1 };
    const strange = { ['__proto__']: polluted, constructor: { prototype: polluted } };
    const token = forge({ ...claimsOf(ada.token), ...strange }, SECRET_KEY);

    expect(Object.keys(claimsOf(token))).toEqual(expect.arrayContaining(['__proto__', 'constructor']));
    expect(await server.rest.get('/api/users/me/', { token })).toMatchObject({
      status: 200,
      body: { id: ada.id, role: 'user' },
    });
    const client = await server.socket('/ws/auth', { token });
    await client.settled();
    expect('polluted' in Object.prototype).toBe(false);
  });

  it('is not searched for under its header parameters', async () => {
    const ada = await server.person('ada');
    const token = forge(claimsOf(ada.token), 'guessed key that is long enough for HMAC', {
      kid: '../../dev/null',
    });

    expectProblem(await server.rest.get('/api/users/me/', { token }), 401, 'not_authenticated');
  });
});

/** The claims encrypted with the key of the server, as a JWE in compact form (RFC 7516, 7.1). */
function encrypt(token: string): string {
  const header = Buffer.from(JSON.stringify({ alg: 'dir', enc: 'A256GCM' })).toString('base64url');
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', createHash('sha256').update(SECRET_KEY).digest(), iv);
  cipher.setAAD(Buffer.from(header));
  const text = Buffer.concat([cipher.update(JSON.stringify(claimsOf(token))), cipher.final()]);
  const parts = [iv, text, cipher.getAuthTag()].map((part) => part.toString('base64url'));
  return [header, '', ...parts].join('.');
}

function editPayload(token: string, claims: Record<string, unknown>): string {
  const [header, , signature] = token.split('.');
  const payload = Buffer.from(JSON.stringify({ ...claimsOf(token), ...claims })).toString('base64url');
  return [header, payload, signature].join('.');
}
