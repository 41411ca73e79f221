import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { ConnectionRegistry } from '../../src/connections/connection-registry.js';
import { documentedClient } from '../support/documented-client.parser.js';
import { claimsOf, forge } from '../support/forged-tokens.js';
import { Mailbox } from '../support/mailbox.js';
import { runServer, type Person, type Room } from '../support/test-server.js';
import { SECRET_KEY } from '../support/test-settings.js';

const server = runServer();
const PATIENCE_MS = 8_000;
const now = () => Math.floor(Date.now() / 1000);

// What every browser has, and Node from 22 on.
beforeAll(() => {
  Object.assign(globalThis, { WebSocket });
});
afterAll(() => {
  Reflect.deleteProperty(globalThis, 'WebSocket');
});

interface Page {
  readonly asked: { tickets: number; tokens: number };
  send(content: string): void;
  shows(text: string): Promise<string>;
  ended(): Promise<string>;
  everything(): readonly string[];
}

// It has no way to be closed, so it is shown that there is no way back.
const pages: Page[] = [];
let isOver = false;
beforeEach(() => {
  isOver = false;
});
afterEach(async () => {
  isOver = true;
  for (const connection of [...server.inside(ConnectionRegistry).connections]) connection.terminate();
  await Promise.all(pages.splice(0).map((page) => page.ended()));
});

/** A page of somebody, who has these tokens one after the other. */
async function pageOf({ id: roomId }: Room, tokens: string[]): Promise<Page> {
  const shown = new Mailbox<string>();
  const ends = new Mailbox<string>();
  const asked = { tickets: 0, tokens: 0 };
  const client = await documentedClient();
  const room = client.openRoom({
    url: server.socketUrl,
    roomId,
    getTicket: async () => {
      asked.tickets += 1;
      const [token = ''] = tokens;
      const answer = await server.rest.post<{ ticket: string }>('/api/ws-tickets', undefined, { token });
      if (answer.status !== 201 || isOver) throw Object.assign(new Error('no way back'), { final: true });
      return answer.body.ticket;
    },
    getToken: async () => {
      asked.tokens += 1;
      tokens.shift();
      if (tokens[0] === undefined) throw new Error('no network');
      return tokens[0];
    },
    onMessage: ({ username, content }) => shown.put(`${username}: ${content}`),
    onReset: () => shown.put('reset'),
    onRefused: (content, why) => shown.put(`refused ${content}: ${why}`),
    onEnd: () => ends.put('the end'),
  });
  const page = {
    asked,
    send: (content: string) => room.send(content),
    shows: (text: string) => shown.take((line) => line === text, text, PATIENCE_MS),
    ended: () => ends.take(() => true, 'the end', PATIENCE_MS),
    everything: () => shown.everything,
  };
  pages.push(page);
  return page;
}

/** A token that ends soon: whoever has it is told so at once. */
const shortened = ({ token }: Person, seconds: number) =>
  forge({ ...claimsOf(token), exp: now() + seconds }, SECRET_KEY);

describe('The client of docs/protocol.md', () => {
  it('goes on with the next token, on the same socket, when the one that it has comes to its end', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [bobs] = await server.connectTo(room, bob);
    const short = shortened(ada, 2);
    const witness = await server.socket('/ws/auth', { token: short });
    const page = await pageOf(room, [short, ada.token]);
    page.send('before');
    await page.shows(`${ada.username}: before`);
    const [, socket] = server.inside(ConnectionRegistry).connectionsOf(ada.id);

    expect(await witness.closed()).toMatchObject({ code: 4401 });
    page.send('after');

    await page.shows(`${ada.username}: after`);
    await bobs.say('and an answer');
    await page.shows(`${bob.username}: and an answer`);
    expect(page.asked).toEqual({ tickets: 1, tokens: 1 });
    expect([...server.inside(ConnectionRegistry).connectionsOf(ada.id)]).toEqual([socket]);
  });

  it('comes back after a socket that was lost, and shows everything once', async () => {
    const [ada, bob] = await server.people('ada', 'bob');
    const room = await server.roomOf(ada, bob);
    const [bobs] = await server.connectTo(room, bob);
    const page = await pageOf(room, [ada.token]);
    page.send('one');
    await page.shows(`${ada.username}: one`);

    for (const connection of server.inside(ConnectionRegistry).connectionsOf(ada.id)) connection.terminate();
    await bobs.say('two');
    page.send('three');

    await page.shows(`${ada.username}: three`);
    expect(page.everything()).toEqual([
      `${ada.username}: one`,
      `${bob.username}: two`,
      `${ada.username}: three`,
    ]);
    expect(page.asked.tickets).toBe(2);
  });
});
