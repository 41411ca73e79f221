import { describe, expect, it } from '@jest/globals';
import { RawSocket } from '../support/raw-socket.js';
import { runServer } from '../support/test-server.js';
import { TRUSTED_ORIGIN } from '../support/test-settings.js';

const server = runServer();
const NOTHING = "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'";

/** An answer of each kind: data, a problem of a route, of the framework and of the parser, and text that is no page. */
const ANSWERS: [string, string, string][] = [
  ['a health check', 'GET', '/health/live'],
  ['data', 'GET', '/api/users/me/'],
  ['a missing route', 'GET', '/nothing'],
  ['a missing route of the API', 'GET', '/api/nothing'],
  ['a broken path', 'GET', '/api/rooms/%ff'],
  ['the API document', 'GET', '/openapi.json'],
  ['the way to the pages', 'GET', '/'],
];

describe.each(ANSWERS)('The answer with %s', (_, method, path) => {
  it('tells a browser to load nothing, frame nothing and guess nothing', async () => {
    const ada = await server.person('ada');

    const { headers } = await server.rest.request(method, path, { as: ada });

    expect(Object.fromEntries(headers)).toMatchObject({
      'content-security-policy': NOTHING,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
    });
  });

  it('says what it is, and in which charset', async () => {
    const ada = await server.person('ada');

    const { headers, text } = await server.rest.request(method, path, { as: ada });

    const type = text === '' ? 'nothing' : headers.get('content-type');
    expect(type).toMatch(/^(nothing|application\/(problem\+)?json; charset=utf-8)$/);
  });

  it('does not say what the server is made of, and promises no TLS that may not be there', async () => {
    const { headers } = await server.rest.request(method, path);

    for (const name of ['server', 'x-powered-by', 'via', 'etag', 'strict-transport-security']) {
      expect({ name, value: headers.get(name) }).toEqual({ name, value: null });
    }
  });
});

describe('What only its caller may see', () => {
  it.each([
    ['GET', '/api/users/me/'],
    ['GET', '/api/rooms'],
    ['POST', '/api/ws-tickets'],
    ['POST', '/api/token'],
    ['GET', '/api/nothing'],
  ])('is not kept by anybody: %s %s', async (method, path) => {
    const ada = await server.person('ada');

    const { headers } = await server.rest.request(method, path, { as: ada });

    expect(headers.get('cache-control')).toBe('no-store');
  });
});

describe('The pages', () => {
  it.each(['/docs', '/redoc'])('%s may run no script but the files beside it', async (path) => {
    const { headers, text } = await server.rest.get(path);
    const policy = headers.get('content-security-policy') ?? '';

    expect(policy.split(';')).toEqual(
      expect.arrayContaining(["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]),
    );
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(text).not.toMatch(/<style|style=|<script>|\son\w+=/);
    expect(headers.get('permissions-policy')).toMatch(/camera=\(\)/);
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(headers.get('x-frame-options')).toBe('DENY');
  });
});

describe('A page of another origin', () => {
  const preflight = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization',
  };

  it('that is trusted may ask, read the answer and its limits, and need not ask before each', async () => {
    const ada = await server.person('ada');
    const origin = { origin: TRUSTED_ORIGIN };

    const before = await server.rest.request('OPTIONS', '/api/rooms', {
      headers: { ...origin, ...preflight },
    });
    const { headers } = await server.rest.request('GET', '/api/rooms', { as: ada, headers: origin });

    expect(before.status).toBe(204);
    expect(before.headers.get('access-control-allow-origin')).toBe(TRUSTED_ORIGIN);
    expect(before.headers.get('access-control-max-age')).toBe('600');
    expect(headers.get('access-control-allow-origin')).toBe(TRUSTED_ORIGIN);
    expect(headers.get('access-control-expose-headers')).toMatch(/RateLimit,RateLimit-Policy,Retry-After/);
    expect(headers.get('access-control-allow-credentials')).toBeNull();
  });

  it.each(['https://evil.example', 'null', `${TRUSTED_ORIGIN}.evil.example`, 'http://chat.example'])(
    '%s is told nothing',
    async (origin) => {
      const ada = await server.person('ada');

      const before = await server.rest.request('OPTIONS', '/api/rooms', {
        headers: { origin, ...preflight },
      });
      const { headers } = await server.rest.request('GET', '/api/rooms', { as: ada, headers: { origin } });

      expect(before.headers.get('access-control-allow-origin')).toBeNull();
      expect(headers.get('access-control-allow-origin')).toBeNull();
    },
  );
});

describe('Behind TLS', () => {
  const secure = runServer({ HSTS_SECONDS: '31536000' });

  it('an operator can have browsers come back over TLS only', async () => {
    const { headers } = await secure.rest.get('/health/live');

    expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
  });
});

describe('A refused handshake', () => {
  it('is hardened as every other answer', async () => {
    const socket = await RawSocket.open(server.url);

    socket.write('GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');

    const answer = await socket.answer();
    expect(answer).toMatch(/^HTTP\/1.1 426 /);
    expect(answer).toContain('X-Content-Type-Options: nosniff\r\n');
    expect(answer).toContain('Cache-Control: no-store\r\n');
  });
});
