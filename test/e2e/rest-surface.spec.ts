import { describe, expect, it } from '@jest/globals';
import { expectProblem } from '../support/problems.js';
import { runServer } from '../support/test-server.js';
import { TRUSTED_ORIGIN } from '../support/test-settings.js';

const server = runServer();

/** Every route that needs a token. */
const ROUTES = [
  ['POST', '/api/logout'],
  ['POST', '/api/ws-tickets'],
  ['GET', '/api/users/me'],
  ['POST', '/api/rooms'],
  ['GET', '/api/rooms'],
  ['GET', '/api/rooms/1'],
  ['POST', '/api/rooms/1/join'],
  ['POST', '/api/rooms/1/leave'],
  ['GET', '/api/rooms/1/messages'],
  ['POST', '/api/rooms/1/messages'],
  ['GET', '/api/rooms/1/members'],
  ['PUT', '/api/rooms/1/members/1'],
  ['DELETE', '/api/rooms/1/members/1'],
  ['PUT', '/api/rooms/1/members/1/role'],
  ['PUT', '/api/rooms/1/owner'],
  ['GET', '/api/rooms/1/bans'],
  ['PUT', '/api/rooms/1/bans/1'],
  ['DELETE', '/api/rooms/1/bans/1'],
  ['GET', '/api/rooms/1/mutes'],
  ['PUT', '/api/rooms/1/mutes/1'],
  ['DELETE', '/api/rooms/1/mutes/1'],
  ['POST', '/api/rooms/1/invitations'],
  ['GET', '/api/rooms/1/invitations'],
  ['DELETE', '/api/rooms/1/invitations/1'],
  ['POST', '/api/invitations/accept'],
  ['GET', '/api/connections'],
] as const;

describe.each(ROUTES)('%s %s', (method, path) => {
  it('is there with and without a trailing slash, and needs a token', async () => {
    for (const slash of ['', '/']) {
      const answer = await server.rest.request(method, path + slash);
      expectProblem(answer, 401, 'not_authenticated');
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    }
  });

  it('takes nothing but a Bearer token for one', async () => {
    const ada = await server.person('ada');

    for (const authorization of [
      `Basic ${ada.token}`,
      ada.token,
      'Bearer',
      'Bearer x y',
      `Bearer ${ada.token}x`,
    ]) {
      const answer = await server.rest.request(method, path, { headers: { authorization } });
      expectProblem(answer, 401, 'not_authenticated');
    }
  });
});

describe('Every answer', () => {
  it('lets a trusted page ask first, for every method and header that it needs', async () => {
    const answer = await server.rest.request('OPTIONS', '/api/rooms/1/members/1', {
      headers: {
        origin: TRUSTED_ORIGIN,
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'authorization,content-type',
      },
    });

    expect(answer.status).toBeLessThan(300);
    expect(answer.headers.get('access-control-allow-origin')).toBe(TRUSTED_ORIGIN);
    expect(answer.headers.get('access-control-allow-methods')).toMatch(/PUT/);
    expect(answer.headers.get('access-control-allow-headers')).toMatch(/authorization/i);
  });

  it('shows the Link header to pages', async () => {
    const ada = await server.person('ada');
    const room = await server.roomOf(ada);

    const answer = await server.rest.request('GET', `/api/rooms/${room.id}/messages`, {
      as: ada,
      headers: { origin: TRUSTED_ORIGIN },
    });

    expect(answer.headers.get('access-control-expose-headers')).toMatch(/\blink\b/i);
    expect(answer.headers.get('access-control-expose-headers')).toMatch(/\bretry-after\b/i);
  });
});

describe('The state of the server', () => {
  it.each(['/health/live', '/health/ready', '/health/live/', '/health/ready/'])(
    '%s says ok to anyone',
    async (path) => {
      expect(await server.rest.get(path)).toMatchObject({ status: 200, body: { status: 'ok' } });
    },
  );
});

describe('The documents', () => {
  it.each(['/docs-json', '/openapi.json'])('%s is OpenAPI 3.1 with every route in it', async (path) => {
    const answer = await server.rest.get<{ openapi: string; paths: Record<string, Record<string, unknown>> }>(
      path,
    );

    expect(answer.status).toBe(200);
    expect(answer.body.openapi).toMatch(/^3\.1\./);
    const documented = Object.entries(answer.body.paths).flatMap(([route, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${route.replace(/\/$/, '')}`),
    );
    const numbered = documented.map((operation) => operation.replace(/\{\w+\}/g, '1'));
    for (const [method, route] of ROUTES) expect(numbered).toContain(`${method} ${route}`);
    expect(numbered).toContain('POST /api/token');
    expect(numbered).toContain('POST /api/users');
  });

  it.each(['/docs', '/redoc'])('%s is a page that loads nothing from elsewhere', async (path) => {
    let answer = await server.rest.get(path);
    const location = answer.headers.get('location');
    if (location !== null) answer = await server.rest.get(new URL(location, server.url + path).pathname);

    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
    const loaded = [...answer.text.matchAll(/(?:src|href)=["']([^"']+)["']/g)].map(([, url]) => url ?? '');
    expect(loaded.filter((url) => /^(https?:)?\/\//.test(url))).toEqual([]);
  });
});
