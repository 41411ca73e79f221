import { describe, expect, it } from '@jest/globals';
import { ON_POSTGRES, runServer } from '../support/test-server.js';
import { until } from '../support/until.js';

describe('The record of a socket', () => {
  const server = runServer({}, ON_POSTGRES);

  it('is written whatever the client says when it closes, and so are those after it', async () => {
    const [odd, plain] = [await server.socket('/ws'), await server.socket('/ws')];
    odd.socket.close(4000, 'a\0b');
    await odd.closed();
    plain.socket.close(4001, 'later');
    await plain.closed();

    const records = await until(
      () => server.database.query('SELECT close_code, close_reason FROM connections ORDER BY close_code'),
      (rows) => rows.length === 2 && rows.every(({ close_code: code }) => code !== null),
    );
    expect(records).toEqual([
      { close_code: 4000, close_reason: 'a\uFFFDb' },
      { close_code: 4001, close_reason: 'later' },
    ]);
  });
});
