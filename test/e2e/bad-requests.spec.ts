import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { expectProblem } from '../support/problems.js';
import type { RequestOptions } from '../support/rest-client.js';
import { runServer } from '../support/test-server.js';

const server = runServer();
const JSON_TYPE = { 'content-type': 'application/json' };
const DEEP = '['.repeat(10_000) + ']'.repeat(10_000);

/** Every route that takes a body, with a body that would do. */
const ROUTES: [string, object][] = [
  ['/api/users/', { username: 'u', email: 'u@example.org', password: 'long enough' }],
  ['/api/token', { username: 'u', password: 'long enough' }],
  ['/api/rooms/', { name: 'a room' }],
  ['/api/rooms/{id}/messages', { content: 'hello' }],
];

describe.each(ROUTES)('POST %s', (route, good) => {
  async function post(options: RequestOptions) {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    return server.rest.request('POST', route.replace('{id}', String(room.id)), { as: ada, ...options });
  }

  it.each<[string, string | Uint8Array<ArrayBuffer>]>([
    ['no JSON', 'hello'],
    ['half of it', JSON.stringify(good).slice(0, -3)],
    ['more behind it', `${JSON.stringify(good)}garbage`],
    ['single quotes', "{'name': 'x'}"],
    ['NaN', '{"content": NaN}'],
    ['two byte order marks', new Uint8Array(Buffer.from(`\ufeff\ufeff${JSON.stringify(good)}`))],
    ['UTF-16', new Uint8Array(Buffer.from(JSON.stringify(good), 'utf16le'))],
  ])('answers 400 to unreadable JSON: %s', async (_, raw) => {
    expectProblem(await post({ raw, headers: JSON_TYPE }), 400, 'unreadable_json');
  });

  it.each<[string, string]>([
    ['a list', '[]'],
    ['null', 'null'],
    ['a number', '5'],
    ['text', '"text"'],
    ['true', 'true'],
    ['an empty object', '{}'],
    ['a list of objects', `[${JSON.stringify(good)}]`],
    ['brackets 10,000 deep', DEEP],
    ['a field 10,000 deep', `{"content":${DEEP}}`],
    ['an object 10,000 deep', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
  ])('answers 422 to JSON of the wrong shape: %s', async (_, raw) => {
    expectProblem(await post({ raw, headers: JSON_TYPE }), 422, 'invalid_input');
  });

  it('ignores a byte order mark (RFC 8259, 8.1)', async () => {
    const raw = new Uint8Array(Buffer.from(`\ufeff${JSON.stringify(good)}`));

    expect([200, 201, 401, 409]).toContain((await post({ raw, headers: JSON_TYPE })).status);
  });

  it('takes the last of two fields with one name, as JSON.parse does', async () => {
    const [field = ''] = Object.keys(good);
    const raw = JSON.stringify(good);

    const wrongFirst = await post({ raw: raw.replace('{', `{"${field}":5,`), headers: JSON_TYPE });
    const wrongLast = await post({ raw: raw.replace(/}$/, `,"${field}":5}`), headers: JSON_TYPE });

    expect([200, 201, 401, 409]).toContain(wrongFirst.status);
    expectProblem(wrongLast, 422, 'invalid_input');
  });

  it('answers 413 to a body that is too large', async () => {
    const raw = JSON.stringify({ ...good, content: 'x'.repeat(70_000) });

    expectProblem(await post({ raw, headers: JSON_TYPE }), 413, 'body_too_large');
  });

  it('answers 413 to a small body that unpacks to a large one, or does not unpack it at all', async () => {
    const raw = new Uint8Array(gzipSync(JSON.stringify({ ...good, content: '0'.repeat(10_000_000) })));

    const answer = await post({ raw, headers: { ...JSON_TYPE, 'content-encoding': 'gzip' } });

    expect([413, 415]).toContain(answer.status);
    expectProblem(answer, answer.status, answer.status === 413 ? 'body_too_large' : 'unsupported_media_type');
  });

  it('answers 4xx to a body of another type, or to none', async () => {
    for (const options of [{}, { raw: '<xml/>', headers: { 'content-type': 'text/xml' } }]) {
      const { status } = await post(options);
      expect([415, 422]).toContain(status);
    }
  });

  it('does not repeat a body that came as the name of a field', async () => {
    const raw = JSON.stringify({ ...good, password: 'a secret of some length' });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };

    const answer = await post({ raw, headers });

    expectProblem(answer, 422, 'invalid_input');
    expect(answer.text).not.toContain('secret');
  });

  it('names twenty of a thousand wrong fields', async () => {
    const wrong = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`field_${index}`, 1]));

    const { errors } = expectProblem(await post({ body: { ...good, ...wrong } }), 422, 'invalid_input');

    expect(errors).toHaveLength(20);
  });

  it('refuses keys of the prototype, and the prototype stays clean', async () => {
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      const raw = JSON.stringify(good).replace('{', `{"${key}":{"polluted":1},`);
      expectProblem(await post({ raw, headers: JSON_TYPE }), 422, 'invalid_input');
      const { status } = await server.rest.get(`/api/rooms/?${key}[polluted]=1&a[${key}][polluted]=1`);
      expect(status).toBe(401);
    }
    expect('polluted' in Object.prototype).toBe(false);
  });

  it('never answers 5xx, whatever JSON it gets', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);
    const path = route.replace('{id}', String(room.id));
    const keys = fc.constantFrom(
      ...Object.keys(good),
      'client_msg_id',
      'reply_to',
      'grant_type',
      'visibility',
    );

    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.dictionary(keys, fc.jsonValue()), fc.jsonValue()), async (body) => {
        const answer = await server.rest.post(path, body, ada);
        expect(answer.status).toBeLessThan(500);
      }),
      { numRuns: 60 },
    );
  });
});

describe('A path', () => {
  it.each([
    '0',
    '-1',
    'abc',
    '1e3',
    '1.0',
    '0x1',
    '99999999999999999999',
    '9007199254740993',
    '\u{1f408}',
    '1%00',
    ' 1',
    '%2e%2e',
  ])('with %s for an id answers 404 or 422, never 500', async (id) => {
    const ada = await server.person('ada');
    const encoded = id.includes('%') ? id : encodeURIComponent(id);
    const room = `/api/rooms/${encoded}`;

    const answers = [
      await server.rest.get(room, ada),
      await server.rest.get(`${room}/messages`, ada),
      await server.rest.post(`${room}/messages`, { content: 'x' }, ada),
      await server.rest.post(`${room}/join`, undefined, ada),
      await server.rest.post(`${room}/leave`, undefined, ada),
      await server.rest.get(`${room}/members`, ada),
      await server.rest.put(`/api/rooms/1/members/${encoded}`, ada),
      await server.rest.delete(`/api/rooms/1/members/${encoded}`, ada),
      await server.rest.put(`/api/rooms/1/bans/${encoded}`, ada),
      await server.rest.delete(`/api/rooms/1/bans/${encoded}`, ada),
    ];

    for (const answer of answers.filter((one) => one.status !== 200)) {
      expect([403, 404, 405, 422]).toContain(answer.status);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json\b/);
    }
  });

  it.each([
    '/api/rooms/1/nothing',
    '/nothing',
    '/api',
    '/api/users/1',
    '/api/rooms/1/messages/1',
    '/.env',
    '/api/rooms/%2e%2e',
  ])('%s leads nowhere: 404', async (path) => {
    const ada = await server.person('ada');

    expectProblem(await server.rest.get(path, ada), 404, 'route_not_found');
  });

  it('that cannot be decoded answers 400', async () => {
    const ada = await server.person('ada');

    const answer = await server.rest.get('/api/rooms/%ff', ada);

    expect([400, 404, 422]).toContain(answer.status);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json\b/);
  });

  it('that is very long answers 4xx', async () => {
    const { status } = await server.rest.get(`/api/rooms/?skip=${'1'.repeat(10_000)}`);

    expect([401, 414, 422, 431]).toContain(status);
  });
});

describe('A method that a route does not know', () => {
  it.each([
    ['DELETE', '/api/users/'],
    ['PATCH', '/api/rooms/1'],
    ['PUT', '/api/token'],
    ['GET', '/api/token'],
  ])('%s %s answers 404 or 405', async (method, path) => {
    const ada = await server.person('ada');

    const answer = await server.rest.request(method, path, { as: ada });

    expect([404, 405]).toContain(answer.status);
    expectProblem(answer, answer.status, answer.status === 404 ? 'route_not_found' : 'method_not_allowed');
  });
});
