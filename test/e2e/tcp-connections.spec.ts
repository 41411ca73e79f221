import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { RawSocket } from '../support/raw-socket.js';
import { runServer } from '../support/test-server.js';
import { until } from '../support/until.js';

const REQUEST = 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n';
const SOCKETS = 2;
const REQUESTS = 5;

describe('TCP connections', () => {
  const server = runServer({ MAX_CONNECTIONS: `${SOCKETS}`, MAX_HTTP_CONNECTIONS: `${REQUESTS}` });

  it('beyond both limits together are closed unanswered; those within go on, and one that leaves makes room', async () => {
    const within = await Promise.all(
      Array.from({ length: SOCKETS + REQUESTS }, () => RawSocket.open(server.url)),
    );
    const served = async (socket: RawSocket) => {
      const answer = once(socket.socket, 'data');
      socket.write(REQUEST);
      expect(String(await answer)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    };
    for (const socket of within) await served(socket);

    const beyond = await Promise.all(Array.from({ length: 20 }, () => RawSocket.open(server.url)));
    for (const socket of beyond) socket.write(REQUEST);

    expect(new Set(await Promise.all(beyond.map((socket) => socket.answer())))).toEqual(new Set(['']));
    for (const socket of within) await served(socket);

    within.pop()?.socket.destroy();
    const next = await until(
      async () => {
        const socket = await RawSocket.open(server.url);
        socket.write(REQUEST.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
        return socket.answer();
      },
      (answer) => answer !== '',
    );
    expect(next).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    for (const socket of within) socket.socket.destroy();
  });
});
