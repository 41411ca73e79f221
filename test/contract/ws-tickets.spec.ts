import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MemoryTickets } from '../../src/auth/memory-tickets.js';
import { StoredTickets } from '../../src/auth/stored-tickets.js';
import { WsTicket } from '../../src/auth/ws-ticket.entity.js';
import type { WsTickets } from '../../src/auth/ws-tickets.js';
import { PostgresWriteQueue } from '../../src/database/postgres-write-queue.js';
import { openDatabase, type OpenDatabase } from '../support/open-database.js';
import { DATABASES } from '../support/test-database.js';

const user = {
  id: 7,
  username: 'ada',
  role: 'user',
  sessionId: '6f2d2ec1-221d-4057-921c-3ef43e39b6b2',
  expiresAt: 1_795_000_000_000,
  origin: { address: '127.0.0.1', userAgent: '', requestId: 'r' },
} as const;
const claims = { userId: 7, sessionId: user.sessionId, expiresAt: user.expiresAt };
const REFUSED = { code: 'not_authenticated' };

describe.each(DATABASES)('Tickets beside %s', (name) => {
  let database: OpenDatabase;
  let nodes: OpenDatabase[];
  let make: (node: number, most?: number) => WsTickets;
  beforeAll(async () => {
    database = await openDatabase([TypeOrmModule.forFeature([WsTicket])], name);
    // With SQLite there is one node, and its memory.
    const others =
      name === 'sqlite'
        ? []
        : [await openDatabase([TypeOrmModule.forFeature([WsTicket])], name, database.stored)];
    nodes = [database, ...others];
    make = (node, most) => {
      const writes = nodes[node % nodes.length]?.writes;
      return writes instanceof PostgresWriteQueue ? new StoredTickets(writes, most) : new MemoryTickets(most);
    };
  });
  afterAll(async () => {
    for (const node of nodes.reverse()) await node.remove();
  });
  beforeEach(() => database.writes.run((manager) => manager.deleteAll(WsTicket)));
  afterEach(() => void jest.restoreAllMocks());

  /** One for each node: with SQLite the same one. */
  const pair = (most?: number): [WsTickets, WsTickets] => {
    const first = make(0, most);
    return [first, name === 'sqlite' ? first : make(1, most)];
  };
  const later = (milliseconds: number) => {
    const now = Date.now() + milliseconds;
    jest.spyOn(Date, 'now').mockReturnValue(now);
  };

  it('say who bought them, on whichever node, once', async () => {
    const [here, there] = pair();
    const ticket = await here.issue(user);

    expect(await there.redeem(ticket)).toMatchObject(claims);
    await expect(here.redeem(ticket)).rejects.toMatchObject(REFUSED);
    await expect(there.redeem(ticket)).rejects.toMatchObject(REFUSED);
  });

  it('let one in of all who show the same one at the same moment', async () => {
    const [here, there] = pair();
    for (let round = 0; round < 20; round += 1) {
      const ticket = await here.issue(user);

      const answers = await Promise.allSettled(
        Array.from({ length: 6 }, (_, index) => (index % 2 === 0 ? here : there).redeem(ticket)),
      );

      expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    }
  });

  it('are refused when nobody has made them', async () => {
    const [here] = pair();
    const ticket = await here.issue(user);

    for (const other of ['', 'made-up', ticket.toUpperCase(), `${ticket}x`, "'; --", '\0']) {
      await expect(here.redeem(other)).rejects.toMatchObject(REFUSED);
    }
    expect(await here.redeem(ticket)).toMatchObject(claims);
  });

  it('are good for 30 seconds, and gone when they are shown later', async () => {
    const [here, there] = pair();
    const [early, late] = [await here.issue(user), await here.issue(user)];

    later(29_000);
    expect(await there.redeem(early)).toMatchObject(claims);
    later(1_500);
    await expect(there.redeem(late)).rejects.toMatchObject(REFUSED);
    jest.restoreAllMocks();
    await expect(here.redeem(late)).rejects.toMatchObject(REFUSED);
  });

  it('are bounded: none is made beyond that, until one is used or too old', async () => {
    const [here] = pair(3);
    const tickets = [await here.issue(user), await here.issue(user), await here.issue(user)];

    await expect(here.issue(user)).rejects.toMatchObject({ code: 'rate_limited' });
    await here.redeem(tickets[0] ?? '');
    await here.issue(user);
    await expect(here.issue(user)).rejects.toMatchObject({ code: 'rate_limited' });
    later(30_001);
    const monotonic = performance.now() + 30_001;
    jest.spyOn(performance, 'now').mockReturnValue(monotonic);
    expect(await here.issue(user)).toMatch(/^[\w-]{43}$/);
  });

  if (name === 'postgres') {
    it('of other nodes are counted, and removed when they are too old', async () => {
      const [here, there] = pair(3);
      for (let made = 0; made < 3; made += 1) await there.issue(user);
      await expect(here.issue(user)).rejects.toMatchObject({ code: 'rate_limited' });

      later(30_001);
      await make(0, 3).issue(user);

      expect(await database.stored.query('SELECT user_id FROM ws_tickets')).toEqual([{ user_id: 7 }]);
    });

    it('are in no table as they are', async () => {
      const [here] = pair();
      const ticket = await here.issue(user);

      const rows = await database.stored.query('SELECT * FROM ws_tickets');

      expect(rows).toHaveLength(1);
      expect(JSON.stringify(rows)).not.toContain(ticket);
      expect(rows[0]).toMatchObject({ digest: expect.stringMatching(/^[\da-f]{64}$/) });
    });
  }
});
