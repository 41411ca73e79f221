import { Agent, request } from 'node:http';
import { percentile } from './statistics.js';

const PAGES = 300;
const LIMIT = 50;

export interface PageTimes {
  readonly place: 'head' | 'middle' | 'beginning';
  readonly by: 'before' | 'after' | 'around';
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * Pages of a room's log over REST, one after the other on one connection: no page waits for another. Places and
 * directions take turns, so that none of them is all of the first requests that a server ever answers.
 */
export async function timePages(
  origin: string,
  room: number,
  token: string,
  head: number,
): Promise<PageTimes[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const starts = { head: head - PAGES, middle: Math.floor(head / 2), beginning: LIMIT } as const;
  const kinds = (['head', 'middle', 'beginning'] as const).flatMap((place) =>
    (['before', 'after', 'around'] as const).map((by) => ({ place, by, taken: new Array<number>() })),
  );
  for (let page = 0; page < PAGES; page += 1) {
    for (const { place, by, taken } of kinds) {
      const seq = Math.max(1, starts[place] + page);
      const url = new URL(`/api/rooms/${room}/messages?${by}=${seq}&limit=${LIMIT}`, origin);
      const from = performance.now();
      await get(url, token, agent);
      taken.push(performance.now() - from);
    }
  }
  agent.destroy();
  return kinds.map(({ place, by, taken }) => {
    return { place, by, p50Ms: percentile(taken, 50) ?? NaN, p99Ms: percentile(taken, 99) ?? NaN };
  });
}

function get(url: URL, token: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
      response.resume();
      response.once('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`GET ${url.pathname}${url.search} answered ${response.statusCode}`));
      });
    });
    asked.once('error', reject);
    asked.end();
  });
}
