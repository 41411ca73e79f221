import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { whenWhole } from '../../src/http/whole-requests.js';

/** Bytes that Node keeps for whoever reads a request. */
const KEPT = 16 * 1024;

describe('A request with a body', () => {
  let server: Server;
  let socket: Socket;
  let handed: string[];
  let arrived: () => Promise<void>;
  beforeEach(async () => {
    handed = [];
    let hasArrived: () => void = () => undefined;
    const first = new Promise<void>((resolve) => (hasArrived = resolve));
    arrived = () => first;
    server = createServer(
      whenWhole((request, response) => {
        handed.push(request.url ?? '');
        void text(request).then(
          (body) => response.end(String(body.length)),
          () => response.destroy(),
        );
      }),
    );
    // The parser has seen it; whether it is handed on is another thing.
    server.prependListener('request', hasArrived);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    socket = connect(port(), '127.0.0.1');
    await once(socket, 'connect');
  });
  afterEach(() => {
    socket.destroy();
    server.close();
    server.closeAllConnections();
  });

  const port = () => {
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  };
  const answer = async () => {
    const data: unknown[] = await once(socket, 'data');
    return /\r\n\r\n(.*)$/s.exec(String(data[0]))?.[1];
  };
  const ask = (path: string, headers: string, body = '') =>
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`);
  /** Another request of another connection: what was to be handed on before it has been. */
  const settled = async () => {
    await (await fetch(`http://127.0.0.1:${port()}/settled`)).text();
  };

  it('is handed on when the last of it is here, and no sooner', async () => {
    ask('/slow', 'Content-Length: 3', 'a');
    await arrived();
    await settled();
    expect(handed).toEqual(['/settled']);

    socket.write('b');
    await settled();
    expect(handed).toEqual(['/settled', '/settled']);

    socket.write('c');
    expect(await answer()).toBe('3');
    expect(handed).toContain('/slow');
  });

  it.each([
    ['with its headers', 'Content-Length: 5', 'hello', '5'],
    ['in chunks', 'Transfer-Encoding: chunked', '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n', '5'],
    ['without anything in it', 'Transfer-Encoding: chunked', '0\r\n\r\n', '0'],
    ['longer than Node keeps', `Content-Length: ${3 * KEPT}`, 'x'.repeat(3 * KEPT), String(3 * KEPT)],
    ['that is none', 'Content-Length: 0', '', '0'],
  ])('is read by whoever it is handed to: %s', async (_, headers, body, length) => {
    ask('/', headers, body);

    expect(await answer()).toBe(length);
  });

  it('is handed on at once when it is said to be too long', async () => {
    ask('/long', `Content-Length: ${1024 * KEPT}`, 'x');
    await arrived();
    await settled();

    expect(handed).toContain('/long');
  });

  it('is followed by the next one on the same connection', async () => {
    ask('/first', 'Content-Length: 1', 'x');
    expect(await answer()).toBe('1');
    ask('/second', 'Content-Length: 2', 'xy');
    expect(await answer()).toBe('2');

    expect(handed).toEqual(['/first', '/second']);
  });
});
