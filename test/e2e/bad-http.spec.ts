import { describe, expect, it } from '@jest/globals';
import { RawSocket, textFrame, upgradeRequest } from '../support/raw-socket.js';
import { runServer } from '../support/test-server.js';

const server = runServer();
const GET = 'GET /health/live HTTP/1.1\r\nHost: x\r\n';
const POST = 'POST /api/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
const SMUGGLED = 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n';
const many = (count: number) => Array.from({ length: count }, (_, index) => `X-${index}: y\r\n`).join('');
const handshakeWith = (header: string) => upgradeRequest('/ws').replace('\r\n\r\n', `\r\n${header}\r\n\r\n`);

/** All that the server says to these bytes, until it hangs up. */
async function answerTo(bytes: string): Promise<string> {
  const socket = await RawSocket.open(server.url);
  socket.write(bytes);
  return socket.answer();
}

/** One answer, which is a problem, and nothing behind it. */
function expectOneProblem(answer: string, status: number, code: string): void {
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(answer.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
  expect(answer).toMatch(/\r\nContent-Type: application\/problem\+json; charset=utf-8\r\n/);
  const body: unknown = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));
  expect(body).toMatchObject({ status, code });
  expect(answer).not.toMatch(/node_modules|llhttp|HPE_|Express/);
}

describe('A request that the server and a proxy might understand differently', () => {
  it.each<[string, string]>([
    ['two lengths', `${POST}Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}${SMUGGLED}`],
    [
      'a length and chunks',
      `${POST}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    ],
    ['chunks by another name', `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${SMUGGLED}`],
    [
      'chunks that are not the last encoding',
      `${POST}Transfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n${SMUGGLED}`,
    ],
    ['a chunk of no length', `${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n`],
    ['a negative length', `${POST}Content-Length: -1\r\n\r\n${SMUGGLED}`],
    ['white space before a colon', `${GET}X-A : b\r\n\r\n`],
    ['a folded header', `${GET}X-A: b\r\n c: d\r\n\r\n`],
    ['a bare line feed in a header', `${GET}X-A: b\nX-C: d\r\n\r\n`],
    ['NUL in a header', `${GET}X-A: b\0c\r\n\r\n`],
    ['no version', 'GET /health/live\r\n\r\n'],
    ['a version that there is not', 'GET /health/live HTTP/9.9\r\nHost: x\r\n\r\n'],
    ['nonsense', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n'],
  ])('is refused with 400 and nothing of it is taken for another: %s', async (_, bytes) => {
    expectOneProblem(await answerTo(bytes), 400, 'bad_request');
  });

  it('is refused for two hosts, as a request and as a handshake', async () => {
    expectOneProblem(await answerTo(`${GET}Host: y\r\nConnection: close\r\n\r\n`), 400, 'bad_request');
    expectOneProblem(await answerTo(handshakeWith('Host: y')), 400, 'bad_request');
  });

  it('is refused without a host', async () => {
    expect(await answerTo('GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 /,
    );
  });
});

describe('Headers', () => {
  it.each<[string, string]>([
    ['a long one', `${GET}X-A: ${'b'.repeat(20_000)}\r\n\r\n`],
    ['a long path', `GET /${'b'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['two hundred', `${GET}${many(200)}Connection: close\r\n\r\n`],
    ['two hundred, in a handshake', handshakeWith(many(200).trimEnd())],
    ['a long one, in a handshake', handshakeWith(`X-A: ${'b'.repeat(20_000)}`)],
  ])('that are too much are refused with 431: %s', async (_, bytes) => {
    expectOneProblem(await answerTo(bytes), 431, 'headers_too_large');
  });

  it('may be a hundred, and ten kilobytes', async () => {
    const answer = await answerTo(`${GET}${many(90)}X-B: ${'b'.repeat(10_000)}\r\nConnection: close\r\n\r\n`);

    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('may come with a URL of eight kilobytes', async () => {
    const query = 'q'.repeat(8_192);
    const [asked, shaken] = [await RawSocket.open(server.url), await RawSocket.open(server.url)];

    asked.write(`GET /health/live?${query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    shaken.write(upgradeRequest(`/ws?${query}`), textFrame('{"type":"ping","ref":"long"}'));

    expect(await asked.answer()).toMatch(/^HTTP\/1\.1 200 /);
    expect(await shaken.text('"ref":"long"')).toContain('ack');
  });
});

describe('A handshake', () => {
  it.each<[string, number, string]>([
    ['over HTTP/1.0', 400, upgradeRequest('/ws').replace('HTTP/1.1', 'HTTP/1.0')],
    ['by POST', 405, upgradeRequest('/ws').replace('GET', 'POST')],
    ['for a whole URL', 400, upgradeRequest('http://elsewhere.example/ws')],
    ['for no path', 400, upgradeRequest('*')],
  ])('%s is refused with %d', async (_, status, bytes) => {
    expect(await answerTo(bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  it('that is refused takes what follows it with it: it is never another request', async () => {
    const answer = await answerTo(upgradeRequest('/ws/auth') + SMUGGLED);

    expectOneProblem(answer, 401, 'not_authenticated');
  });

  it('that is accepted makes what follows it a frame, and a wrong one', async () => {
    const socket = await RawSocket.open(server.url);

    socket.write(upgradeRequest('/ws') + SMUGGLED);

    expect(await socket.closeCode()).toBe(1002);
  });
});

describe('A request for what there is not', () => {
  it.each([
    'TRACE /health/live',
    'OPTIONS *',
    'PROPFIND /',
    'DELETE /health/live',
    'GET //health//live',
    'GET /health/live%00',
    'GET /health/../../etc/passwd',
    'GET /health/%2e%2e/%2e%2e/etc/passwd',
    'GET /docs/..%2f..%2fpackage.json',
    'GET /docs/%2e%2e/package.json',
    'GET http://elsewhere.example/nothing',
  ])('%s is answered with a problem, or with nothing of worth', async (line) => {
    const answer = await answerTo(`${line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);

    expect(answer).toMatch(/^HTTP\/1\.1 (204|400|404|405|501) /);
    expect(answer).not.toMatch(/node_modules|Express|Cannot (GET|POST)|root:/);
  });

  it('CONNECT makes no tunnel', async () => {
    expect(await answerTo('CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n')).not.toMatch(
      /^HTTP\/1\.1 2/,
    );
  });

  it('HEAD is answered like GET, without a body', async () => {
    const answer = await answerTo('HEAD /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');

    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/);
  });
});

describe('A query with a parameter twice', () => {
  it.each(['limit=1&limit=100', 'limit[]=1', 'limit[a]=1', 'skip=0&skip=1'])(
    'is refused: %s',
    async (query) => {
      const ada = await server.person('ada');

      const answer = await server.rest.get(`/api/rooms?${query}`, ada);

      expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_input' } });
    },
  );
});

describe('A refusal', () => {
  it('repeats little of what was sent, however much was wrong', async () => {
    const ada = await server.person('ada');
    const long = `{"${'k'.repeat(60_000)}":1}`;
    const wide = JSON.stringify(
      Object.fromEntries(Array.from({ length: 6_000 }, (_, index) => [`k${index}`, 1])),
    );
    const deep = JSON.stringify(
      Object.fromEntries(Array.from({ length: 6_000 }, (_, index) => [`k${index}`, []])),
    );

    for (const raw of [long, wide, deep]) {
      const headers = { 'content-type': 'application/json' };
      const answer = await server.rest.request('POST', '/api/rooms', { as: ada, raw, headers });
      expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_input' } });
      expect(answer.text.length).toBeLessThan(5_000);
    }
  });
});
